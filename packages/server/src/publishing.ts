import { CodedError, type GatewaySnapshot, newEvent } from '@sallyport/core';
import type { ShutOut } from '@sallyport/gateway';
import type { Control } from './control.ts';
import { log } from './log.ts';
import { NextRound } from './next-round.ts';

/** How often the state is read anew where some of it did not follow from the log. */
const READS_MAX = 3;

/** Hands the state to the gateway: one state after the other, and what is revoked before all. */
export class Publishing {
  readonly #control: Control;
  readonly #rounds = new NextRound(async () => this.#control.gateway?.publish(await this.build()));
  /** Systems that are left out, with why, as it was told last. */
  #told: ReadonlyMap<string, string> = new Map();

  constructor(control: Control) {
    this.#control = control;
  }

  /** Publishes the state as it is now or a little later. */
  async publish(): Promise<void> {
    if (this.#control.gateway) await this.#rounds.do();
  }

  /** Builds the state, and tells what had to be left out of it. */
  async build(): Promise<GatewaySnapshot> {
    const snapshot = await this.#buildHeld();
    await this.#tell().catch((fault: Error) =>
      log('error', 'it is not recorded that systems are left out', { fault: fault.message }),
    );
    return snapshot;
  }

  /**
   * Builds the state of rows that follow from the log: between two looks at all of them others may change some.
   * @throws CodedError `internal` where they go on being changed while they are read
   */
  async #buildHeld(): Promise<GatewaySnapshot> {
    const { installation, snapshots } = this.#control;
    const { quarantined } = installation.store.granting;
    for (let at = 0; at < READS_MAX; at++) {
      const { result, found } = await quarantined.holding(() => snapshots.build());
      if (found.size === 0) return result;
      // Says what they were, and tells of them where the record can be written.
      await installation.state.look().catch((fault: Error) =>
        log('error', 'it is not recorded yet that rows do not follow from the record', {
          fault: fault.message,
        }),
      );
    }
    throw new CodedError(
      'internal',
      'rows of the state change while they are read, and not by this program; see who else writes to the database, and `sallyport state`',
    );
  }

  async #tell(): Promise<void> {
    const { installation, snapshots } = this.#control;
    const now = new Map(snapshots.quarantined.map((one) => [one.name, one]));
    const before = this.#told;
    this.#told = new Map([...now].map(([name, { why }]) => [name, why]));
    for (const { name, demo, why } of now.values()) {
      if (before.get(name) === why) continue;
      log('error', 'a system is left out: what is stored about it cannot be used', { system: name, why });
      await installation.announce(
        newEvent('system-quarantined', {
          actor: 'sallyport',
          subject: `system:${name}`,
          demo,
          data: { why: why.slice(0, 300) },
        }),
      );
    }
    for (const name of before.keys())
      if (!now.has(name))
        await installation.announce(
          newEvent('system-released', { actor: 'sallyport', subject: `system:${name}` }),
        );
  }

  /** Shuts out at once, then publishes; that a state cannot be published holds nothing up. */
  async shutOut(what: Partial<ShutOut>): Promise<void> {
    const { gateway, snapshots } = this.#control;
    if (!gateway) return;
    await gateway.shutOut(what, snapshots.version);
    await this.publish().catch((fault: Error) =>
      log('error', 'what was shut out is, but the rest of the state is not published', {
        fault: fault.message,
      }),
    );
  }
}
