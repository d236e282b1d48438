import { printable } from '../text/printable.ts';
import { type Hit, type HitKind, hitFingerprint } from './hit.ts';
import type { AiService } from './services.ts';

const HITS_MAX = 20_000;

/** Hits, each once however often it is seen. */
export class HitList {
  /** More were seen than are kept. */
  overflowed = false;
  readonly #hits = new Map<string, { -readonly [key in keyof Hit]: Hit[key] }>();

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
    if (this.#hits.size >= HITS_MAX) {
      this.overflowed = true;
      return;
    }
    this.#hits.set(fingerprint, {
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
    });
  }

  get all(): readonly Hit[] {
    return [...this.#hits.values()];
  }
}
