import type { EgressCall, EgressDecision } from '@sallyport/access';
import { CodedError, clock, newEvent } from '@sallyport/core';
import { safeFetch } from '@sallyport/gateway';
import type { Control } from './control.ts';
import { isOwn } from './third-parties.ts';

/** What is decided again in the same way is noted no more often than this, with how often it was. */
const ALLOWED_EVERY_MS = 3_600_000;
const REFUSED_EVERY_MS = 10_000;
/** Kinds of decisions that are remembered. */
const NOTED_MAX = 1_000;

/** Decides about what leaves for third parties other than through the gateway, and records it. */
export class Egress {
  readonly #control: Control;
  readonly #noted = new Map<string, { atMs: number; since: number }>();
  readonly #connections = new Map<string, typeof fetch>();

  constructor(control: Control) {
    this.#control = control;
  }

  /** Lets a call go, or refuses it; the first refusal is in the record before this throws. @throws CodedError `integration-refused` */
  async require(call: EgressCall): Promise<EgressDecision> {
    const { thirdParties, config } = this.#control;
    const required = config.access.manifests === 'required' && !isOwn(call.origin);
    const decision = await thirdParties.decide(call, required);
    const { allowed, integration, why } = decision;
    await this.#note(call, decision);
    if (!allowed)
      throw new CodedError('integration-refused', integration === null ? why : `\`${integration}\`: ${why}`);
    return decision;
  }

  /** Records a decision, or counts it: whoever asks without a session must not be able to fill the record. */
  async #note(call: EgressCall, { allowed, integration, why }: EgressDecision): Promise<void> {
    const key = `${allowed} ${integration} ${call.origin} ${why}`;
    const now = clock.nowMs();
    const before = this.#noted.get(key);
    if (before && now - before.atMs < (allowed ? ALLOWED_EVERY_MS : REFUSED_EVERY_MS)) {
      before.since++;
      return;
    }
    if (this.#noted.size >= NOTED_MAX) this.#noted.clear();
    this.#noted.set(key, { atMs: now, since: 0 });
    const subject = integration === null ? 'organisation' : `integration:${integration}`;
    const data = { ...call, allowed, why, alikeSinceTheLast: before?.since ?? 0 };
    await this.#control.installation.announce(
      newEvent('egress-decided', { actor: 'sallyport', subject, data }, now),
    );
  }

  /** Connections to one place, kept for as long as what is expected of it is the same. */
  #connection(allowPrivate: boolean, origin: string, pin: Parameters<typeof safeFetch>[1]): typeof fetch {
    const key = `${allowPrivate} ${origin} ${JSON.stringify(pin)}`;
    const known = this.#connections.get(key);
    if (known) return known;
    if (this.#connections.size >= NOTED_MAX) this.#connections.clear();
    const made = safeFetch(allowPrivate, pin);
    this.#connections.set(key, made);
    return made;
  }

  /** A fetch that asks first, for addresses that configuration names. */
  fetch(allowPrivate: boolean): typeof fetch {
    return (async (input: string | URL | Request, init?: RequestInit) => {
      const { origin } = new URL(input instanceof Request ? input.url : String(input));
      const { certificates, certificate } = await this.require({ origin });
      const seen = certificates[origin];
      return this.#connection(allowPrivate, origin, seen ? { keeps: certificate, seen } : null)(input, init);
    }) as typeof fetch;
  }
}
