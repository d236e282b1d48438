/** A key that wraps others, as the control plane shows it. */
export interface WrappingKey {
  readonly id: string;
  readonly purpose: string;
  readonly owner: string;
  readonly version: number;
  readonly suite: string;
  readonly createdAt: string;
  readonly retiredAt: string | null;
  /** Keys that lie under it. */
  readonly wraps: number;
}

/** Every key that seals what is stored, from the root down. */
export interface Vault {
  readonly root: {
    readonly id: string;
    readonly kind: string;
    readonly place: 'outside' | 'beside-the-data' | 'missing';
    readonly exposed: boolean;
  };
  readonly keyEncryptionKeys: readonly WrappingKey[];
  readonly dataKeys: readonly { readonly id: string; readonly purpose: string; readonly day: string }[];
  readonly signingKeys: readonly { readonly name: string; readonly algorithms: readonly string[] }[];
  readonly progress: { readonly what: string; readonly done: number; readonly of: number } | null;
}

/** What wraps can be wrapped with. */
export const SUITES = ['x-wing-aes-256-gcm', 'mlkem1024-p384-aes-256-gcm'] as const;

/** Backups, as the control plane shows them. */
export interface Backups {
  /** Null where none are made by themselves. */
  readonly folder: string | null;
  readonly everyHours: number | null;
  readonly keepDays: number | null;
  readonly recipients: number;
  readonly backups: readonly { readonly file: string; readonly bytes: number; readonly at: string }[];
  readonly lastMade: {
    readonly at: string;
    readonly data: { readonly bytes: number; readonly tookMs: number; readonly verified: boolean };
  } | null;
  readonly lastDrilled: {
    readonly at: string;
    readonly data: { readonly passed: boolean; readonly detail: string; readonly tookMs: number };
  } | null;
  /** A second copy of the record; null where none is kept. */
  readonly archive: {
    readonly to: string;
    readonly size: number;
    readonly at: string | null;
    readonly fault: string | null;
  } | null;
}

/** What a listener or an endpoint agrees to. */
export interface TlsState {
  readonly name: string;
  readonly url: string;
  readonly protocol: string | null;
  readonly group: string | null;
  readonly expiresAt: string | null;
  readonly problem: string | null;
}
