import type { ReactElement } from 'react';
import { ApiError } from '../api.ts';

/** A fault in words: what is wrong, and what to do. */
export function Fault({ fault }: { fault: unknown }): ReactElement | null {
  if (!fault) return null;
  const { message, action } =
    fault instanceof ApiError ? fault : { message: String((fault as Error).message), action: '' };
  return (
    <p role="alert" className="rounded-md border border-bad px-3 py-2 text-bad">
      {message}
      {action === '' ? '' : ` – ${action}`}
    </p>
  );
}

/** Stands where something is being read. */
export function Waiting({ what }: { what: string }): ReactElement {
  return (
    <p className="text-muted" role="status">
      Reading {what} …
    </p>
  );
}
