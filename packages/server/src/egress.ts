import type { EgressCall, EgressDecision } from '@sallyport/access';
import { CodedError, clock, newEvent } from '@sallyport/core';
import { safeFetch } from '@sallyport/gateway';
import type { Control } from './control.ts';

/** That something was allowed is noted no more often than this, for one origin. */
const ALLOWED_EVERY_MS = 3_600_000;

/** Decides about what leaves for third parties other than through the gateway, and records it. */
export class Egress {
  readonly #control: Control;
  readonly #noted = new Map<string, number>();

  constructor(control: Control) {
    this.#control = control;
  }

  /** Lets a call go, or refuses it; a refusal is in the record before this throws. @throws CodedError `integration-refused` */
  async require(call: EgressCall): Promise<EgressDecision> {
    const { thirdParties, config, installation } = this.#control;
    const decision = await thirdParties.decide(call, config.access.manifests === 'required');
    const { allowed, integration, why } = decision;
    const key = `${integration} ${call.origin}`;
    const fresh = clock.nowMs() - (this.#noted.get(key) ?? Number.NEGATIVE_INFINITY) >= ALLOWED_EVERY_MS;
    if (!allowed || fresh) {
      if (allowed) this.#noted.set(key, clock.nowMs());
      const subject = integration === null ? 'organisation' : `integration:${integration}`;
      await installation.announce(
        newEvent('egress-decided', { actor: 'sallyport', subject, data: { ...call, allowed, why } }),
      );
    }
    if (!allowed)
      throw new CodedError('integration-refused', integration === null ? why : `\`${integration}\`: ${why}`);
    return decision;
  }

  /** A fetch that asks first, for addresses that configuration names. */
  fetch(allowPrivate: boolean): typeof fetch {
    return (async (input: string | URL | Request, init?: RequestInit) => {
      const { origin } = new URL(input instanceof Request ? input.url : String(input));
      const { certificates, certificate } = await this.require({ origin });
      const seen = certificates[origin];
      return safeFetch(allowPrivate, seen ? { keeps: certificate, seen } : null)(input, init);
    }) as typeof fetch;
  }
}
