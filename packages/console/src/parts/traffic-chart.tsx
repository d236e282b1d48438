import type { ReactElement } from 'react';
import type { Bucket, Traffic } from '../api.ts';
import { count, zone } from '../words.ts';

const SERIES = [
  ['answered', 'Answered', 'var(--good-fill)'],
  ['flagged', 'Flagged or redacted', 'var(--old-fill)'],
  ['denied', 'Denied', 'var(--bad-fill)'],
  ['failed', 'Failed', 'var(--warn-fill)'],
] as const;
const HEIGHT = 120;
const WIDTH = 720;

const total = (bucket: Bucket): number => bucket.answered + bucket.flagged + bucket.denied + bucket.failed;
const time = (iso: string, width: Traffic['width']): string =>
  new Date(iso).toLocaleString(
    undefined,
    width === 'minute'
      ? { hour: '2-digit', minute: '2-digit' }
      : { weekday: 'short', hour: '2-digit', minute: '2-digit' },
  );

/** Calls over time as stacked bars, and the same numbers as a table. */
export function TrafficChart({ traffic }: { traffic: Traffic }): ReactElement {
  const step = traffic.width === 'minute' ? 60_000 : 3_600_000;
  const first = Date.parse(traffic.from);
  const slots = Math.max(1, Math.floor((Date.parse(traffic.to) - first) / step) + 1);
  const most = Math.max(1, ...traffic.buckets.map(total));
  const slotWidth = WIDTH / slots;
  const sums = SERIES.map(([name, label]) => ({
    label,
    n: traffic.buckets.reduce((n, bucket) => n + bucket[name], 0),
  }));
  const said = sums.map(({ label, n }) => `${label.toLowerCase()} ${count(n)}`).join(', ');
  return (
    <figure>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 18}`}
        className="w-full h-40"
        preserveAspectRatio="none"
        role="img"
        aria-label={`Calls from ${time(traffic.from, traffic.width)} to ${time(traffic.to, traffic.width)} ${zone()}: ${said}; at most ${count(most)} a ${traffic.width}`}
      >
        {[0.5, 1].map((share) => (
          <line
            key={share}
            x1="0"
            x2={WIDTH}
            y1={HEIGHT * (1 - share) + 0.5}
            y2={HEIGHT * (1 - share) + 0.5}
            stroke="var(--line)"
          />
        ))}
        <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} stroke="var(--muted)" />
        {traffic.buckets.map((bucket) => {
          const slot = Math.round((Date.parse(bucket.at) - first) / step);
          let top = HEIGHT;
          return SERIES.map(([name, , fill]) => {
            const height = (bucket[name] / most) * (HEIGHT - 2);
            top -= height;
            return height === 0 ? null : (
              <rect
                key={`${bucket.at} ${name}`}
                x={slot * slotWidth}
                y={top}
                width={Math.max(1, slotWidth - 1)}
                height={height}
                fill={fill}
              />
            );
          });
        })}
      </svg>
      <figcaption className="mt-2 flex flex-wrap gap-x-5 gap-y-1 text-sm text-muted">
        {SERIES.map(([name, label, fill], i) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <svg width="10" height="10" aria-hidden="true">
              <rect width="10" height="10" rx="2" fill={fill} />
            </svg>
            {label} <strong className="text-ink">{count(sums[i]!.n)}</strong>
          </span>
        ))}
        <span className="ml-auto">
          top line: {count(most)} a {traffic.width}
        </span>
      </figcaption>
      <details className="mt-2 text-sm">
        <summary className="cursor-pointer text-muted">The same as a table</summary>
        <div className="max-h-56 overflow-auto" tabIndex={0} role="region" aria-label="Calls over time">
          <table>
            <thead>
              <tr>
                <th scope="col">
                  {traffic.width === 'minute' ? 'Minute' : 'Hour'} ({zone()})
                </th>
                {SERIES.map(([name, label]) => (
                  <th key={name} scope="col">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {traffic.buckets.toReversed().map((bucket) => (
                <tr key={bucket.at}>
                  <th scope="row">{time(bucket.at, traffic.width)}</th>
                  {SERIES.map(([name]) => (
                    <td key={name}>{count(bucket[name])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
