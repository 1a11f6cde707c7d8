// How the connection is, in words, whenever it is not simply there.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ConnectionState } from '@verbatim/client';
import { chat, connection, leave } from '../state.ts';
import { strings } from '../strings.ts';

const backShownFor = 4_000; // ms

export function Banner() {
  const state = connection.value;
  const back = useBack(state);
  const retry = () => chat.connection.wake();
  return (
    <div class="banner-place" role="status" data-testid="banner" data-phase={state.phase}>
      {state.phase === 'connecting' && !back.wasOnline && <p class="banner">{strings.banner.connecting}</p>}
      {state.phase === 'connecting' && back.wasOnline && <p class="banner warn">{strings.banner.retrying}</p>}
      {state.phase === 'waiting' && <Waiting key={state.seconds} seconds={state.seconds} retry={retry} />}
      {state.phase === 'online' && back.shown && <p class="banner good">{strings.banner.back}</p>}
      {state.phase === 'refused' && <Refused state={state} />}
    </div>
  );
}

function Waiting({ seconds, retry }: { seconds: number; retry(): void }) {
  const [left, setLeft] = useState(Math.ceil(seconds));
  useEffect(() => {
    const timer = setInterval(() => setLeft((was) => Math.max(0, was - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="banner warn">
      <span>{left > 0 ? strings.banner.waiting(left) : strings.banner.retrying}</span>
      <button class="button quiet" onClick={retry}>{strings.banner.now}</button>
    </p>
  );
}

function Refused({ state }: { state: ConnectionState & { phase: 'refused' } }) {
  const needsToken = state.code === 4001;
  return (
    <p class="banner bad" role="alert">
      <span>{needsToken ? strings.banner.token : strings.banner.refused(state.reason)}</span>
      <button class="button quiet" onClick={() => chat.connection.start()}>{strings.banner.again}</button>
      {!needsToken && <button class="button quiet" onClick={leave}>{strings.banner.rename}</button>}
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
