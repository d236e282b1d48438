import type { SallyportEvent } from '@sallyport/core';
import type { StateView } from '@sallyport/store';

const DECIDED = Buffer.from('"type":"ai-use-decided"');

/** Holds what is decided of the use of AI against the events that decided it. That a decision was taken away is not found. */
export class AiDecisions {
  readonly #said = new Set<string>();

  /** Reads an entry. */
  see(leaf: Buffer): void {
    if (!leaf.includes(DECIDED)) return;
    const { type, actor, at, data } = JSON.parse(leaf.toString()) as SallyportEvent;
    if (type !== 'ai-use-decided') return;
    const { service, decision, owner = null, reason = null, until = null } = data;
    const told = [decision, owner, reason, actor, at, until];
    this.#said.add(JSON.stringify(told));
    if (data['fingerprint'] === undefined) this.#said.add(JSON.stringify([service, ...told]));
  }

  /** Rows that say what no event decided. */
  async unfounded(view: StateView): Promise<string[]> {
    return (await view.decisions()).flatMap(({ row, said }) => (this.#said.has(said) ? [] : [row]));
  }
}
