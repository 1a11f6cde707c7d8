// How the connection is, in words, whenever it is not simply there.

import type { ConnectionState } from '@verbatim/client';
import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { changeName, chat, connected, connection, here, kept, valid, watch } from '../state.ts';
import { obstacles, strings } from '../strings.ts';
import { offline } from './network.ts';
import { neverOpened, type Obstacle, obstacle } from './obstacle.ts';

const backShownFor = 4_000; // ms

export function Banner() {
  const state = connection.value;
  const back = useBack(state);
  const retry = () => chat.connection.wake();
  return (
    <div class="banner-place" role="status" data-testid="banner" data-phase={state.phase}>
      {offline.value && (state.phase === 'online' || state.phase === 'waiting') && <Offline retry={retry} />}
      {state.phase === 'connecting' && <Connecting wasOnline={back.wasOnline} />}
      {!offline.value && state.phase === 'waiting' && (
        <Waiting key={state.seconds} state={state} wasOnline={back.wasOnline} retry={retry} />
      )}
      {connected.value && back.shown && <p class="banner good">{strings.banner.back}</p>}
      {connected.value && <Unavailable />}
      {state.phase === 'refused' && <Refused state={state} />}
    </div>
  );
}

/** The browser says that there is no network. */
function Offline({ retry }: { retry(): void }) {
  return (
    <p class="banner warn">
      <span>
        {strings.banner.offline} {fate()}
      </span>
      <button class="button quiet" onClick={retry}>
        {strings.banner.now}
      </button>
    </p>
  );
}

/** There is a connection, and the server cannot read or write the record of what is open. */
function Unavailable() {
  if (!valid.value) return null;
  const { passing } = watch(here.value);
  const waits = chat.unsettled(here.value).some((item) => item.state === 'sending' && item.reason !== undefined);
  if (!passing && !waits) return null;
  return (
    <p class="banner warn">
      {passing ? strings.banner.unopened : strings.banner.unrecorded} {fate()}
    </p>
  );
}

function Connecting({ wasOnline }: { wasOnline: boolean }) {
  if (obstacle.value)
    return (
      <p class="banner bad">
        <span>
          {inTheWay(obstacle.value)} {strings.banner.next(0)} {fate()}
        </span>
      </p>
    );
  if (!wasOnline) return <p class="banner">{strings.banner.connecting}</p>;
  return (
    <p class="banner warn">
      {strings.banner.lost} {strings.banner.next(0)} {fate()}
    </p>
  );
}

function Waiting({
  state,
  wasOnline,
  retry,
}: {
  state: ConnectionState & { phase: 'waiting' };
  wasOnline: boolean;
  retry(): void;
}) {
  const [left, setLeft] = useState(Math.ceil(state.seconds));
  useEffect(() => {
    const timer = setInterval(() => setLeft((was) => Math.max(0, was - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class={`banner ${obstacle.value ? 'bad' : 'warn'}`}>
      <span>
        {obstacle.value ? inTheWay(obstacle.value) : why(wasOnline, state.code)} {strings.banner.next(left)} {fate()}
      </span>
      <button class="button quiet" onClick={retry}>
        {strings.banner.now}
      </button>
    </p>
  );
}

function why(wasOnline: boolean, code: number): string {
  if (wasOnline) return strings.banner.lost;
  return code === neverOpened ? strings.banner.unreached : strings.banner.full;
}

/** What becomes of what is written meanwhile. */
const fate = () => (kept.value ? strings.banner.kept : strings.banner.unkept);

function inTheWay(found: Obstacle): string {
  return (obstacles[found.kind] as (found: Obstacle) => string)(found);
}

function Refused({ state }: { state: ConnectionState & { phase: 'refused' } }) {
  const needsToken = state.code === 4001;
  return (
    <p class="banner bad" role="alert">
      <span>{needsToken ? strings.banner.token : strings.banner.refused(state.reason)}</span>
      <button class="button quiet" onClick={() => chat.connection.start()}>
        {strings.banner.again}
      </button>
      {!needsToken && (
        <button class="button quiet" onClick={changeName}>
          {strings.banner.rename}
        </button>
      )}
    </p>
  );
}

/** Remembers that the connection was there before, and for a moment says that it is back. */
function useBack(state: ConnectionState): { wasOnline: boolean; shown: boolean } {
  const wasOnline = useRef(false);
  const wasLost = useRef(false);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (state.phase !== 'online') {
      wasLost.current = wasOnline.current;
      return;
    }
    wasOnline.current = true;
    if (!wasLost.current) return;
    wasLost.current = false;
    setShown(true);
    const timer = setTimeout(() => setShown(false), backShownFor);
    return () => clearTimeout(timer);
  }, [state]);
  return { wasOnline: wasOnline.current, shown };
}
