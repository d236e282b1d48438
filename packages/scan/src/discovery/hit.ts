import { hash } from 'node:crypto';

/** How the use of AI showed. */
export const HIT_KINDS = ['package', 'import', 'endpoint', 'model', 'variable', 'key', 'traffic'] as const;
export type HitKind = (typeof HIT_KINDS)[number];

/** One use of AI that was found. */
export interface Hit {
  /** Under which it is known again: SHA-256 over service, kind, what and where; 16 hex digits. */
  readonly fingerprint: string;
  /** Id of the service in `services.json`. */
  readonly service: string;
  readonly serviceName: string;
  readonly kind: HitKind;
  /** The package, host, model or variable; the kind of a key, never the key. */
  readonly what: string;
  /** The file, or the client of a log: who uses it. */
  readonly where: string;
  readonly line: number | null;
  readonly count: number;
  /** RFC 3339 where a log says it. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
}

/** The fingerprint of a hit. */
export const hitFingerprint = (one: Pick<Hit, 'service' | 'kind' | 'what' | 'where'>): string =>
  hash('sha256', `${one.service}\n${one.kind}\n${one.what}\n${one.where}`, 'hex').slice(0, 16);
