import { clock } from '@sallyport/core';
import type { Exchange } from './exchange.ts';
import type { Forwarding } from './forward.ts';
import type { GatewayState } from './state.ts';

/** Calls that wait for an AI system or its answer: they end with what lets them in. */
export class Running {
  readonly #calls = new Map<Exchange, Forwarding>();

  /** Calls that are forwarded now. */
  get size(): number {
    return this.#calls.size;
  }

  /** Forwards a call, unless what let it in was shut out meanwhile. */
  async run(exchange: Exchange, forwarding: Forwarding, state: GatewayState): Promise<void> {
    this.#calls.set(exchange, forwarding);
    try {
      await forwarding.run(state.stops(exchange.key!, exchange.system!, clock.nowMs()));
    } finally {
      this.#calls.delete(exchange);
    }
  }

  /** Ends calls whose key, system or third party was shut out. */
  look(state: GatewayState): void {
    const nowMs = clock.nowMs();
    for (const [{ key, system }, forwarding] of this.#calls) {
      const fault = state.stops(key!, system!, nowMs);
      if (fault) forwarding.fail(fault);
    }
  }
}
