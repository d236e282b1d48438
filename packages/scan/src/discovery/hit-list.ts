import { printable } from '../text/printable.ts';
import { type Hit, type HitKind, hitFingerprint } from './hit.ts';
import type { AiService } from './services.ts';

/** Hits that one run keeps of those that somebody decided on, and as many of the others. */
const HITS_MAX = 20_000;

/** Hits, each once however often it is seen. Those that somebody decided on take no room from the others. */
export class HitList {
  readonly #isSanctioned: (hit: Hit) => boolean;
  readonly #hits = new Map<string, { -readonly [key in keyof Hit]: Hit[key] }>();
  #sanctioned = 0;
  #leftOut = 0;

  /** @param isSanctioned whether somebody decided on a hit */
  constructor(isSanctioned: (hit: Hit) => boolean = () => false) {
    this.#isSanctioned = isSanctioned;
  }

  see(
    service: Pick<AiService, 'id' | 'name'>,
    kind: HitKind,
    what: string,
    where: string,
    { line = null, at = null }: { line?: number | null; at?: string | null } = {},
  ): void {
    const named = printable(what);
    const fingerprint = hitFingerprint({ service: service.id, kind, what: named, where });
    const known = this.#hits.get(fingerprint);
    if (known) {
      known.count++;
      if (at !== null && (known.firstAt === null || at < known.firstAt)) known.firstAt = at;
      if (at !== null && (known.lastAt === null || at > known.lastAt)) known.lastAt = at;
      return;
    }
    const hit = {
      fingerprint,
      service: service.id,
      serviceName: service.name,
      kind,
      what: named,
      where,
      line,
      count: 1,
      firstAt: at,
      lastAt: at,
    };
    const isSanctioned = this.#isSanctioned(hit);
    const taken = isSanctioned ? this.#sanctioned : this.#hits.size - this.#sanctioned;
    if (taken >= HITS_MAX) {
      this.#leftOut++;
      return;
    }
    this.#hits.set(fingerprint, hit);
    if (isSanctioned) this.#sanctioned++;
  }

  get all(): readonly Hit[] {
    return [...this.#hits.values()];
  }

  /** How often something was seen that is not kept, since this was asked last. */
  takeLeftOut(): number {
    const count = this.#leftOut;
    this.#leftOut = 0;
    return count;
  }
}
