import { mostTelling, nameOf } from '@sallyport/core';
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactElement, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Exchange } from '../api.ts';
import { type Caller, useCallers } from '../callers.ts';
import { useLive } from '../live.ts';
import { PANEL, useClosePanel } from '../panels.ts';
import { ExchangePanel } from '../parts/exchange-panel.tsx';
import { Fault, Waiting } from '../parts/notice.tsx';
import { RowWindow } from '../parts/row-window.tsx';
import { outcomeTone, outcomeWord, Status } from '../parts/status.tsx';
import { PAGE_ROWS, queries, type TrafficFilter } from '../queries.ts';
import { clock, count, expiredWords, millis, plural, zone } from '../words.ts';

const route = getRouteApi('/app/traffic');
const COLUMNS =
  'grid gap-3 px-2 max-sm:grid-cols-[6rem_minmax(3rem,1fr)_6.5rem_minmax(3rem,1fr)] sm:min-w-192 sm:grid-cols-[5.5rem_minmax(6rem,1fr)_minmax(6rem,1fr)_minmax(7rem,1fr)_8rem_minmax(8rem,1.4fr)_5rem] xl:grid-cols-[5.5rem_minmax(6rem,1fr)_minmax(6rem,1fr)_minmax(7rem,1fr)_minmax(6rem,1fr)_8rem_minmax(8rem,1.4fr)_5rem]';
/** Columns that a narrow screen leaves to the call itself. */
const WIDE = 'max-sm:hidden';
/** And those that only a wide one has. */
const WIDEST = 'max-xl:hidden';
const TITLES = [
  ['Time', ''],
  ['Caller', WIDE],
  ['System', ''],
  ['Operation', WIDE],
  ['Model', WIDEST],
  ['Outcome', ''],
  ['Seen', ''],
  ['Took', WIDE],
] as const;
const OUTCOMES = ['answered', 'denied', 'upstream-error', 'timeout', 'aborted', 'crashed', 'failed'];
const DETECTORS = [
  'injection',
  'pii',
  'secret',
  'canary',
  'system-prompt-leak',
  'link',
  'obfuscation',
  'attachment',
  'schema',
  'rule',
  'command',
  'condition',
  'training-echo',
  'content',
  'unread',
];
/** Pages kept in sight at most: those before and after the one looked at. */
const PAGES_AROUND = 1;

/** Traffic: live at the top, still while one reads further down, as far back as the record goes. */
export function TrafficPage(): ReactElement {
  const { id, ...filter } = route.useSearch();
  const navigate = useNavigate({ from: '/traffic' });
  const client = useQueryClient();
  const close = useClosePanel();
  const counted = useQuery(queries.count(filter));
  const [fresh, setFresh] = useState(0);
  const [active, setActive] = useState(0);
  const [page, setPage] = useState(0);
  const refreshTimer = useRef<number | undefined>(undefined);
  const following = page === 0 && active === 0 && id === undefined;

  const refresh = useCallback(() => {
    setFresh(0);
    void client.invalidateQueries({ queryKey: ['count'] });
    void client.invalidateQueries({ queryKey: ['page'] });
  }, [client]);
  useLive(
    useCallback(
      (exchanges: readonly Exchange[]) => {
        if (following)
          refreshTimer.current ??= window.setTimeout(() => {
            refreshTimer.current = undefined;
            refresh();
          }, 800);
        else setFresh((n) => n + exchanges.filter((one) => one.id > (counted.data?.newest ?? '')).length);
      },
      [following, refresh, counted.data?.newest],
    ),
    filter.synthetic === 'all',
  );
  useEffect(() => () => window.clearTimeout(refreshTimer.current), []);

  const total = counted.data?.total ?? 0;
  const until = counted.data?.newest ?? null;
  const pages = [...Array(1 + 2 * PAGES_AROUND).keys()]
    .map((i) => page - PAGES_AROUND + i)
    .filter((n) => n >= 0 && n * PAGE_ROWS < total);
  const loaded = useQueries({
    queries: until === null ? [] : pages.map((n) => queries.page(filter, until, n)),
  });
  const callers = useCallers();
  const rowAt = (index: number): Exchange | undefined =>
    loaded[pages.indexOf(Math.floor(index / PAGE_ROWS))]?.data?.[index % PAGE_ROWS];
  const set = (change: Partial<TrafficFilter> & { id?: string | undefined }): void => {
    setActive(0);
    setPage(0);
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, state: true });
  };
  return (
    <div className="flex h-[calc(100vh-5.5rem)] min-h-112 flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1>Traffic</h1>
        <p role="status" className="text-sm text-muted">
          {plural(counted.data?.total, 'call')}, times in {zone()}
          {following ? ', following' : ''}
          {counted.data?.expired ? `. ${expiredWords(counted.data.expired)}` : ''}
        </p>
        {fresh > 0 ? (
          <button type="button" className="button" onClick={refresh}>
            {count(fresh)} new – show
          </button>
        ) : null}
      </div>
      <Filters filter={filter} onChange={set} />
      <Fault fault={counted.error} />
      {counted.isPending ? <Waiting what="the record" /> : null}
      <div className="flex min-h-0 flex-1 gap-4">
        <div className="panel flex min-w-0 flex-1 flex-col overflow-x-auto p-2!">
          <RowWindow
            rows={total}
            label="Calls"
            active={active}
            onMove={setActive}
            onWindow={useCallback((middle: number) => setPage(Math.floor(middle / PAGE_ROWS)), [])}
            header={
              <div
                role="row"
                aria-rowindex={1}
                className={`${COLUMNS} border-b border-line py-1.5 text-sm font-semibold text-muted`}
              >
                {TITLES.map(([title, shown]) => (
                  <span key={title} role="columnheader" className={shown}>
                    {title}
                  </span>
                ))}
              </div>
            }
            render={(index, style) => (
              <Row
                key={index}
                index={index}
                style={style}
                exchange={rowAt(index)}
                callerOf={callers.of}
                focused={index === active}
                shown={id}
                onFocus={setActive}
              />
            )}
          />
        </div>
        {id === undefined ? null : (
          <ExchangePanel
            id={id}
            onClose={() =>
              close(() => navigate({ search: (before) => ({ ...before, id: undefined }), replace: true }))
            }
          />
        )}
      </div>
    </div>
  );
}

function Filters({
  filter,
  onChange,
}: {
  filter: TrafficFilter;
  onChange: (change: Partial<TrafficFilter>) => void;
}): ReactElement {
  const systems = useQuery(queries.systems);
  const callers = useCallers();
  const plain = (values: readonly string[]) => values.map((value) => [value, value] as const);
  const known = callers.all.map(({ actor, name }) => [actor, name ?? actor] as const);
  const other = filter.actor !== undefined && callers.of(filter.actor).name === null ? [filter.actor] : [];
  const choices = [
    ['system', 'System', plain((systems.data ?? []).map((system) => system.name))],
    ['actor', 'Caller', [...known, ...plain(other)]],
    ['outcome', 'Outcome', plain(OUTCOMES)],
    ['wouldBe', 'Policy says', plain(['allow', 'flag', 'redact', 'deny'])],
    ['detector', 'Seen', plain(DETECTORS)],
  ] as const;
  return (
    <form className="flex flex-wrap gap-4" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      {choices.map(([name, label, values]) => (
        <label key={name} className="flex items-center gap-2 text-sm">
          {label}
          <select
            className="input max-w-48"
            value={filter[name] ?? ''}
            onChange={(event) => onChange({ [name]: event.target.value || undefined })}
          >
            <option value="">all</option>
            {values.map(([value, said]) => (
              <option key={value} value={value}>
                {said}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label className="flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          checked={filter.synthetic === 'all'}
          onChange={(event) => onChange({ synthetic: event.target.checked ? 'all' : undefined })}
        />
        Our own probes too
      </label>
    </form>
  );
}

function Row({
  index,
  style,
  exchange,
  callerOf,
  focused,
  shown,
  onFocus,
}: {
  index: number;
  style: { transform: string; height: string };
  exchange: Exchange | undefined;
  callerOf: (actor: string) => Caller;
  focused: boolean;
  shown: string | undefined;
  onFocus: (index: number) => void;
}): ReactElement {
  const link = useRef<HTMLAnchorElement>(null);
  // The row that arrow keys reach takes the focus, once it is there and when the list had it. At once as it appears:
  // later, the next key may have moved on, and the focus would call it back.
  useLayoutEffect(() => {
    const list = exchange?.id === undefined ? null : link.current?.closest('[role=rowgroup]');
    if (focused && list?.contains(document.activeElement)) link.current?.focus({ preventScroll: true });
  }, [focused, exchange?.id]);
  const seen = [...new Set(mostTelling(exchange?.detections ?? []).map(nameOf))];
  const took = Object.values(exchange?.timingsMs ?? {}).reduce((sum, ms) => sum + ms, 0);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={exchange !== undefined && exchange.id === shown}
      style={style}
      className={`${COLUMNS} absolute inset-x-0 top-0 items-center border-b border-line text-sm ${exchange?.id === shown && exchange ? 'bg-ground' : ''}`}
    >
      {exchange ? (
        <>
          <span role="cell" className="tabular-nums">
            <Link
              ref={link}
              to="/traffic"
              search={(before) => ({ ...before, id: exchange.id })}
              replace={shown !== undefined}
              state={shown === undefined ? PANEL : true}
              className="link"
              tabIndex={focused ? 0 : -1}
              onFocus={() => onFocus(index)}
              aria-label={`Call of ${clock(exchange.at)}`}
            >
              {clock(exchange.at)}
            </Link>
          </span>
          <span role="cell" className={`truncate ${WIDE}`} title={exchange.actor}>
            {callerOf(exchange.actor).name ?? exchange.actor}
          </span>
          <span role="cell" className="truncate">
            {exchange.system ?? '–'}
            {exchange.demo ? ' (demo)' : ''}
            {exchange.synthetic ? ' (probe)' : ''}
          </span>
          <span role="cell" className={`truncate ${WIDE}`}>
            {exchange.operation ?? '–'}
            {exchange.stream ? ', stream' : ''}
          </span>
          <span role="cell" className={`truncate ${WIDEST}`}>
            {exchange.model ?? '–'}
          </span>
          <span role="cell">
            <Status tone={outcomeTone(exchange.outcome, exchange.action)}>
              {outcomeWord(exchange.outcome, exchange.action)}
            </Status>
          </span>
          <span role="cell" className="truncate" title={seen.join(', ')}>
            {seen.length > 1 ? `${seen[0]} +${seen.length - 1}` : (seen[0] ?? exchange.code ?? '')}
          </span>
          <span role="cell" className={`tabular-nums ${WIDE}`}>
            {took > 0 ? millis(took) : ''}
          </span>
        </>
      ) : (
        <span role="cell" className="text-muted">
          …
        </span>
      )}
    </div>
  );
}
