import type { ControlResult } from '@sallyport/core';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { CONTROL_TONES, Status } from './status.tsx';

const STATUSES = ['effective', 'partial', 'stale', 'failing', 'not assessed'] as const;
const FILLS = {
  effective: 'var(--good-fill)',
  partial: 'var(--warn-fill)',
  stale: 'var(--old-fill)',
  failing: 'var(--bad-fill)',
  'not assessed': 'var(--idle-fill)',
} as const;

/** Controls of each area by status: a bar with its numbers beside it, and a way to the evidence. */
export function PostureBars({ controls }: { controls: readonly ControlResult[] }): ReactElement {
  const areas = [...new Set(controls.map((control) => control.area))];
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Area</th>
          <th scope="col">Controls</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {areas.map((area) => {
          const own = controls.filter((control) => control.area === area);
          const counts = STATUSES.map(
            (status) => [status, own.filter((control) => control.status === status).length] as const,
          ).filter(([, n]) => n > 0);
          let at = 0;
          return (
            <tr key={area}>
              <th scope="row" className="w-40">
                <Link to="/evidence" search={{ area }} className="link">
                  {area}
                </Link>
              </th>
              <td className="w-1/3 min-w-24">
                <svg
                  viewBox="0 0 100 10"
                  preserveAspectRatio="none"
                  className="h-3 w-full mt-1"
                  aria-hidden="true"
                >
                  {counts.map(([status, n]) => {
                    const x = (at / own.length) * 100;
                    at += n;
                    return (
                      <rect
                        key={status}
                        x={x}
                        y="0"
                        width={(n / own.length) * 100 - 0.6}
                        height="10"
                        fill={FILLS[status]}
                      />
                    );
                  })}
                </svg>
              </td>
              <td>
                <span className="flex flex-wrap gap-x-3 text-sm">
                  {counts.map(([status, n]) => (
                    <Status key={status} tone={CONTROL_TONES[status]}>
                      {n} {status}
                    </Status>
                  ))}
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
