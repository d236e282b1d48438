import { clock, newEvent } from '@sallyport/core';
import type { Control } from './control.ts';
import { log } from './log.ts';

/** From one audit of unwrapping to the next. */
const AUDIT_MS = 3_600_000;

/**
 * Asks the root whether it still opens, and audits how often keys were unwrapped. Where it is out of reach for too long,
 * keys are forgotten and every call is refused, until it answers again.
 */
export class KeyWatch {
  readonly #control: Control;
  #auditedMs = 0;

  constructor(control: Control) {
    this.#control = control;
  }

  async tick(): Promise<void> {
    const { installation } = this.#control;
    const { ring, dataKeys, rootKey } = installation;
    const wasOpen = ring.isOpen;
    const sinceMs = await ring.confirm();
    if (wasOpen !== ring.isOpen) {
      if (wasOpen) dataKeys.forget();
      const data = { keeper: rootKey.kind, minutes: Math.round(sinceMs / 60_000) };
      log(
        wasOpen ? 'error' : 'info',
        wasOpen
          ? 'the keeper of the root key is out of reach: keys are forgotten, calls refused'
          : 'the keeper of the root key answers again: calls go on',
        data,
      );
      await installation.announce(
        newEvent(wasOpen ? 'keys-forgotten' : 'keys-opened', {
          actor: 'sallyport',
          subject: 'organisation',
          data,
        }),
      );
      await this.#control.publish();
    }
    if (clock.nowMs() - this.#auditedMs < AUDIT_MS) return;
    this.#auditedMs = clock.nowMs();
    const unwraps = Object.fromEntries(dataKeys.takeUnwraps());
    const sum = Object.values(unwraps).reduce((all, one) => all + one, 0);
    await installation.announce(
      newEvent('keys-unwrapped', { actor: 'sallyport', subject: 'organisation', data: { unwraps, sum } }),
    );
  }
}
