import type { ReactElement } from 'react';
import { millis } from '../words.ts';

const NAMES: Readonly<Record<string, string>> = {
  authenticate: 'Authenticate',
  read: 'Read body',
  authorise: 'Authorise',
  limit: 'Limit',
  'inspect-input': 'Inspect input',
  'record-intent': 'Record intent',
  'first-byte': 'AI system, first byte',
  upstream: 'AI system, rest',
  'inspect-output': 'Inspect output',
  stream: 'Stream, inspected',
  refuse: 'Refuse',
  failed: 'Failed',
};

/** Stages of a call one after the other, as a waterfall that is a table: every bar has its number. */
export function Timeline({ timings }: { timings: Readonly<Record<string, number>> }): ReactElement {
  const stages = Object.entries(timings);
  const whole = Math.max(
    0.001,
    stages.reduce((sum, [, ms]) => sum + ms, 0),
  );
  let at = 0;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col">Time</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {stages.map(([stage, ms]) => {
          const x = (at / whole) * 100;
          at += ms;
          return (
            <tr key={stage}>
              <th scope="row" className="whitespace-nowrap">
                {NAMES[stage] ?? stage}
              </th>
              <td className="whitespace-nowrap tabular-nums">{millis(ms)}</td>
              <td className="w-full">
                <svg
                  viewBox="0 0 100 8"
                  preserveAspectRatio="none"
                  className="h-2.5 w-full mt-1.5"
                  aria-hidden="true"
                >
                  <rect width="100" height="8" fill="var(--ground)" />
                  <rect x={x} width={Math.max(0.6, (ms / whole) * 100)} height="8" fill="var(--accent)" />
                </svg>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
