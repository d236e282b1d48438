import { newEvent, type SallyportEvent, SEVERITIES } from '@sallyport/core';
import { type Alert, alertKey } from './alerts.ts';

/** Events that say what became of an alert. */
export const ALERT_EVENTS = ['alert-opened', 'alert-closed', 'alert-acknowledged'] as const;

/** An alert that waits for someone: what opened it goes on, or no one has looked after it yet. */
export interface OpenAlert extends Alert {
  /** When it opened first. */
  readonly since: string;
  /** When what opened it was over; null while it goes on. */
  readonly over: string | null;
  /** Who looks after it, and since when; null while no one does. */
  readonly acknowledged: { readonly by: string; readonly at: string } | null;
}

/**
 * Alerts as their events leave them. One goes when it is over and someone looked after it, in either order; over
 * alone it stays. What opens it again meanwhile is the same alert.
 */
export class OpenAlerts {
  readonly #open = new Map<string, OpenAlert>();

  /** Gravest and oldest first. */
  get list(): readonly OpenAlert[] {
    return [...this.#open.values()].sort(
      (a, b) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.since.localeCompare(b.since),
    );
  }

  find(which: { rule: string; subject: string }): OpenAlert | undefined {
    return this.#open.get(alertKey(which));
  }

  /** Puts back what it was before something that could not be recorded. */
  put(alert: OpenAlert): void {
    this.#open.set(alertKey(alert), alert);
  }

  /** Takes one of {@link ALERT_EVENTS}, from the record or on its way there. */
  fold(event: SallyportEvent): void {
    const alert = alertOf(event);
    const key = alertKey(alert);
    const known = this.#open.get(key);
    if (event.type === 'alert-opened')
      this.#open.set(key, { ...alert, since: known?.since ?? event.at, over: null, acknowledged: null });
    else if (!known) return;
    else if (event.type === 'alert-closed') {
      if (event.data['waits'] === true) this.#open.set(key, { ...known, over: event.at });
      else this.#open.delete(key);
    } else if (known.over !== null) this.#open.delete(key);
    else this.#open.set(key, { ...known, acknowledged: { by: event.actor, at: event.at } });
  }
}

/** That an alert opens. */
export const openedEvent = (alert: Alert): SallyportEvent => alertEvent('alert-opened', alert, {});

/** That what opened an alert is over. @param waits whether it stays until someone looks after it */
export const closedEvent = (alert: Alert, waits: boolean): SallyportEvent =>
  alertEvent('alert-closed', alert, waits ? { waits } : {});

function alertEvent(
  type: 'alert-opened' | 'alert-closed',
  { rule, subject, severity, owner, detail, action }: Alert,
  more: object,
): SallyportEvent {
  const data = { rule, severity, owner, detail, action, ...more };
  return newEvent(type, { actor: 'sallyport', subject, data });
}

function alertOf({ subject, data }: SallyportEvent): Alert {
  const { rule, severity, owner, detail, action } = data as Record<string, string>;
  return {
    rule: rule ?? '',
    subject,
    severity: (severity ?? 'medium') as Alert['severity'],
    owner: owner ?? '',
    detail: detail ?? '',
    action: action ?? '',
  };
}
