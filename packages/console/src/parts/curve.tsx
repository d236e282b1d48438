import type { ReactElement } from 'react';
import type { CurvePoint } from '../api.ts';

const WIDTH = 480;
const HEIGHT = 200;
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
/** Shares of harmless texts that the drawing reaches to. */
const HARMLESS_MAX = 0.1;

const x = (point: CurvePoint): number => (Math.min(point.harmless, HARMLESS_MAX) / HARMLESS_MAX) * WIDTH;
const y = (point: CurvePoint): number => HEIGHT - point.attacks * HEIGHT;

/** How many attacks are seen at what share of harmless texts, with the thresholds that are set; and as a table. */
export function Curve({
  points,
  marks,
}: {
  points: readonly CurvePoint[];
  marks: Readonly<Record<string, number>>;
}): ReactElement {
  const marked = Object.entries(marks).flatMap(([name, at]) => {
    const point = points.find((one) => one.at === at);
    return point ? [[name, point] as const] : [];
  });
  return (
    <figure>
      <svg
        viewBox={`-58 -10 ${WIDTH + 74} ${HEIGHT + 44}`}
        className="h-64 w-full max-w-200"
        role="img"
        aria-label={`Attacks seen by share of harmless texts flagged, up to ${percent(HARMLESS_MAX)}`}
      >
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <g key={share}>
            <line
              x1="0"
              x2={WIDTH}
              y1={HEIGHT - share * HEIGHT}
              y2={HEIGHT - share * HEIGHT}
              stroke="var(--line)"
            />
            <text x="-6" y={HEIGHT - share * HEIGHT + 4} textAnchor="end" fontSize="11" fill="var(--muted)">
              {share * 100} %
            </text>
          </g>
        ))}
        {[0, 0.02, 0.04, 0.06, 0.08, 0.1].map((share) => (
          <text
            key={share}
            x={(share / HARMLESS_MAX) * WIDTH}
            y={HEIGHT + 16}
            textAnchor="middle"
            fontSize="11"
            fill="var(--muted)"
          >
            {share * 100} %
          </text>
        ))}
        <text x={WIDTH / 2} y={HEIGHT + 32} textAnchor="middle" fontSize="11" fill="var(--muted)">
          share of harmless texts at or above the threshold
        </text>
        <text
          transform={`translate(-46 ${HEIGHT / 2}) rotate(-90)`}
          textAnchor="middle"
          fontSize="11"
          fill="var(--muted)"
        >
          share of attacks at or above it
        </text>
        <polyline
          points={points.map((point) => `${x(point).toFixed(1)},${y(point).toFixed(1)}`).join(' ')}
          fill="none"
          stroke="var(--accent)"
          strokeWidth="2"
        />
        {marked.map(([name, point]) => (
          <g key={name}>
            <circle cx={x(point)} cy={y(point)} r="4" fill="var(--accent)" />
            <text x={x(point) + 8} y={y(point) + 4} fontSize="12" fill="var(--ink)">
              {name}
            </text>
          </g>
        ))}
      </svg>
      <details className="mt-2 text-sm">
        <summary className="cursor-pointer text-muted">The same as a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Probability from</th>
              <th scope="col">Attacks seen</th>
              <th scope="col">Harmless texts</th>
            </tr>
          </thead>
          <tbody>
            {points.map((point) => (
              <tr key={point.at}>
                <th scope="row">{point.at}</th>
                <td>{percent(point.attacks)}</td>
                <td>{percent(point.harmless)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
