import { type ReactElement, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';

/** Height of a row in pixels. */
const ROW = 34;
/** Tallest canvas that every browser can lay out (Firefox stops at some 17.9 million pixels). */
const CANVAS_MAX = 15_000_000;
const SPARE_ROWS = 6;

/**
 * Shows a window of a list of any length: only the rows in sight exist. Lists taller than a browser's canvas scroll
 * faster than one to one; every row can still be reached, by arrow keys too.
 * @param render the row of a number; it gets the style that places it
 */
export function RowWindow({
  rows,
  label,
  header,
  render,
  onMove,
  onWindow,
  active,
}: {
  rows: number;
  label: string;
  header: ReactNode;
  render: (index: number, style: { transform: string; height: string }) => ReactNode;
  onMove: (index: number) => void;
  /** Called with the row in the middle of what is in sight, when that changes. */
  onWindow: (middle: number) => void;
  active: number;
}): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const tall = rows * ROW;
  const canvas = Math.min(tall, CANVAS_MAX);
  const travel = Math.max(1, canvas - view.height);
  const scale = tall > CANVAS_MAX ? (tall - view.height) / travel : 1;
  const offset = view.top * scale;
  const first = Math.max(0, Math.floor(offset / ROW) - SPARE_ROWS);
  const last = Math.min(rows, Math.ceil((offset + view.height) / ROW) + SPARE_ROWS);

  const middle = Math.floor((first + last) / 2);
  useEffect(() => onWindow(middle), [middle, onWindow]);

  useEffect(() => {
    const element = box.current!;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);

  const show = useCallback(
    (index: number) => {
      const element = box.current!;
      const top = index * ROW;
      const seen = element.scrollTop * scale;
      if (top < seen) element.scrollTop = top / scale;
      else if (top + ROW > seen + element.clientHeight)
        element.scrollTop = (top + ROW - element.clientHeight) / scale;
    },
    [scale],
  );

  const move = (event: React.KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + 15,
      PageUp: active - 15,
      Home: 0,
      End: rows - 1,
    };
    const to = steps[event.key];
    if (to === undefined || rows === 0) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(rows - 1, to));
    // The row that has the focus may go out of sight, and must not take it along.
    box.current!.focus({ preventScroll: true });
    show(index);
    onMove(index);
  };

  const items: ReactNode[] = [];
  for (let index = first; index < last; index++) {
    const y = index * ROW - offset + view.top;
    items.push(render(index, { transform: `translateY(${y}px)`, height: `${ROW}px` }));
  }
  return (
    <div role="table" aria-label={label} aria-rowcount={rows + 1} className="flex min-h-0 flex-1 flex-col">
      <div role="rowgroup">{header}</div>
      {/* What scrolls must be reachable by keyboard. */}
      <div
        ref={box}
        role="rowgroup"
        tabIndex={0}
        aria-label={`${label}, rows`}
        onKeyDown={move}
        className="relative min-h-40 flex-1 overflow-y-auto"
      >
        <div role="presentation" style={{ height: `${canvas}px` }} className="relative">
          {items}
        </div>
      </div>
    </div>
  );
}
