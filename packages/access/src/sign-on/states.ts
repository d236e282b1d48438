import { addressBlock } from '../address.ts';

/** Sign-ons that may be under way from one address, or from one network of IPv6; many people may share one. */
const OF_ADDRESS_MAX = 500;

interface State {
  readonly network: string;
  readonly endsMs: number;
}

/**
 * Who went to the identity provider, by where they began: whoever begins too often is forgotten first, and nobody else for
 * them. Those that came back count until their time is over: their rows are kept as well. Each step takes the same time
 * however many there are.
 */
export class SignOnStates {
  readonly #most: number;
  readonly #ofAddressMost: number;
  // In the order in which they began, which is that in which they end.
  readonly #states = new Map<string, State>();
  readonly #ofNetwork = new Map<string, Set<string>>();

  /** @param most of all addresses together @param ofAddressMost of one */
  constructor(most: number, ofAddressMost = OF_ADDRESS_MAX) {
    this.#most = most;
    this.#ofAddressMost = ofAddressMost;
  }

  /** How many are kept. */
  get size(): number {
    return this.#states.size;
  }

  /**
   * Notes one more. @param key that the state is known by @param endsMs when it ends, never before that of the one before
   * @returns the one to forget for it; null where there is room
   */
  add(key: string, address: string, nowMs: number, endsMs: number): string | null {
    for (const [known, state] of this.#states) {
      if (state.endsMs > nowMs) break;
      this.#remove(known);
    }
    const from = addressBlock(address);
    const own = this.#ofNetwork.get(from);
    const full = this.#states.size >= this.#most;
    const [first = null] = own !== undefined && (full || own.size >= this.#ofAddressMost) ? own : [];
    const [oldest = null] = full ? this.#states.keys() : [];
    const gone = first ?? oldest;
    if (gone !== null) this.#remove(gone);
    this.#states.set(key, { network: from, endsMs });
    const kept = this.#ofNetwork.get(from) ?? new Set<string>();
    this.#ofNetwork.set(from, kept.add(key));
    return gone;
  }

  #remove(key: string): void {
    const state = this.#states.get(key);
    if (state === undefined) return;
    this.#states.delete(key);
    const own = this.#ofNetwork.get(state.network);
    own?.delete(key);
    if (own?.size === 0) this.#ofNetwork.delete(state.network);
  }
}
