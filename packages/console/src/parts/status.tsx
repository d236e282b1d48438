import type { ReactElement, ReactNode } from 'react';

const LOOKS = {
  good: 'text-good',
  warn: 'text-warn',
  bad: 'text-bad',
  idle: 'text-idle',
  old: 'text-old',
} as const;
/** What a state means for a person. */
export type Tone = keyof typeof LOOKS;

/** A shape for each, so that colour is never all there is. */
const MARKS: Readonly<Record<Tone, ReactElement>> = {
  good: <circle cx="5" cy="5" r="4.5" fill="currentColor" />,
  warn: <path d="M5 0.5 9.8 9.5H0.2Z" fill="currentColor" />,
  bad: <rect x="0.8" y="0.8" width="8.4" height="8.4" fill="currentColor" />,
  idle: <circle cx="5" cy="5" r="3.8" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  old: <path d="M5 0.3 9.7 5 5 9.7 0.3 5Z" fill="currentColor" />,
};

/** A state in a word, with a mark, so that colour is never all there is. */
export function Status({ tone, children }: { tone: Tone; children: ReactNode }): ReactElement {
  return (
    <span className={`inline-flex items-baseline gap-1.5 whitespace-nowrap font-medium ${LOOKS[tone]}`}>
      <svg viewBox="0 0 10 10" className="size-2.5" aria-hidden="true">
        {MARKS[tone]}
      </svg>
      {children}
    </span>
  );
}

/** Tones of the statuses that controls have. */
export const CONTROL_TONES = {
  effective: 'good',
  partial: 'warn',
  failing: 'bad',
  stale: 'old',
  'not assessed': 'idle',
} as const;

/** How a call ended, as a state. */
export function outcomeTone(outcome: string | null, action: string): Tone {
  if (outcome === null) return 'idle';
  if (outcome === 'denied') return 'bad';
  if (outcome !== 'answered') return 'warn';
  return action === 'allow' ? 'good' : 'old';
}

/** The word for it. */
export function outcomeWord(outcome: string | null, action: string): string {
  if (outcome === null) return 'in flight';
  if (outcome !== 'answered') return outcome;
  return action === 'allow' ? 'answered' : ({ flag: 'flagged', redact: 'redacted' }[action] ?? action);
}
