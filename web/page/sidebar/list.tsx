// The rows of the list, of which only those are drawn that can be seen. It is one stop for Tab; the arrows move within
// it.
import { h } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { here } from '../state.ts';
import { strings } from '../strings.ts';
import { OtherItem, OwnItem, StartItem } from './item.tsx';
import type { Row } from './listing.ts';
import { offsets, spanOf } from './window.ts';

const heights = { own: 3.75, other: 3.25, start: 3.25, heading: 2.5, note: 3.5 }; // rem; as in sidebar.css

interface Props {
  rows: Row[];
  /** The row that Enter in the search would open. */
  chosen: string | undefined;
  /** The end of what is loaded can be seen. */
  onEnd(): void;
  /** Up from the first row. */
  onLeave(): void;
}

export function List({ rows, chosen, onEnd, onLeave }: Props) {
  const view = useRef<HTMLDivElement>(null);
  const { top, height, measure } = useScrolled(view);
  const [active, setActive] = useState<string | undefined>(undefined);
  const tops = offsets(rows.map((row) => heights[row.kind] * rem()));
  const span = spanOf(tops, top, height);
  const ids = rows.flatMap((row) => ('id' in row ? [row.id] : []));
  const stop = [active, here.value].find((id) => id !== undefined && ids.includes(id)) ?? ids[0];
  const toFocus = useRef<string | undefined>(undefined);

  useLayoutEffect(() => setActive(undefined), [here.value]); // from outside, one comes to where one is
  useLayoutEffect(() => {
    if (span.to >= rows.length) onEnd();
  });
  useLayoutEffect(() => {
    if (toFocus.current !== undefined) linkTo(view.current!, toFocus.current)?.focus();
    toFocus.current = undefined;
  }, [active]);

  const move = (id: string | undefined) => {
    if (id === undefined) return;
    const index = rows.findIndex((row) => 'id' in row && row.id === id);
    scrollTo(view.current!, tops[index]!, tops[index + 1]!);
    measure();
    setActive(id);
    const drawn = linkTo(view.current!, id);
    if (drawn) drawn.focus();
    else toFocus.current = id; // and it is far away
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = ids.indexOf(toFocus.current ?? (event.target as HTMLElement).dataset.id ?? '');
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'ArrowUp' && at <= 0) onLeave();
    else if (event.key === 'ArrowDown') move(ids[Math.min(at + 1, ids.length - 1)]);
    else if (event.key === 'ArrowUp') move(ids[at - 1]);
    else if (event.key === 'Home') move(ids[0]);
    else if (event.key === 'End') move(ids.at(-1));
    else return;
    event.preventDefault();
  };
  const drawn = [...new Set([...range(span.from, span.to), rows.findIndex((row) => 'id' in row && row.id === stop)])]
    .filter((index) => index >= 0)
    .sort((a, b) => a - b);
  return (
    <div class="conversations" ref={view} onScroll={measure} onKeyDown={onKeyDown}>
      <ul data-testid="conversations" aria-label={strings.sidebar.list} style={{ height: `${tops.at(-1)}px` }}>
        {drawn.map((index) => {
          const row = rows[index]!;
          const id = 'id' in row ? row.id : undefined;
          return (
            <li
              key={id ?? `${row.kind} ${index}`}
              class={`listed ${row.kind}`}
              style={{ transform: `translateY(${tops[index]}px)`, height: `${tops[index + 1]! - tops[index]!}px` }}
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              data-chosen={id !== undefined && id === chosen}
              onFocusIn={() => id !== undefined && setActive(id)}
            >
              <Content row={row} stop={id === stop} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Content({ row, stop }: { row: Row; stop: boolean }) {
  switch (row.kind) {
    case 'own':
      return <OwnItem id={row.id} stop={stop} />;
    case 'other':
      return <OtherItem listed={row.listed} stop={stop} />;
    case 'start':
      return <StartItem id={row.id} stop={stop} />;
    case 'heading':
      return <h2 class="list-heading">{row.text}</h2>;
    case 'note':
      return (
        <p class="hint list-note" role="status">
          {row.text}
        </p>
      );
  }
}

/** How far the list is scrolled and how high it is. */
function useScrolled(view: { current: HTMLDivElement | null }) {
  const [seen, setSeen] = useState({ top: 0, height: 0 });
  const measure = () => {
    const { scrollTop: top, clientHeight: height } = view.current!;
    setSeen((was) => (was.top === top && was.height === height ? was : { top, height }));
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    observer.observe(view.current!);
    return () => observer.disconnect();
  }, []);
  return { ...seen, measure };
}

function scrollTo(view: HTMLElement, top: number, bottom: number): void {
  if (top < view.scrollTop) view.scrollTop = top;
  else if (bottom > view.scrollTop + view.clientHeight) view.scrollTop = bottom - view.clientHeight;
}

const linkTo = (view: HTMLElement, id: string) => view.querySelector<HTMLElement>(`[data-id="${id}"]`);
// px; who needs large letters has set it
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
