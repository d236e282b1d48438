import { clock } from './clock.ts';
import { newId } from './ids.ts';

/** Version of the event schema; a reader refuses what it does not know. */
export const EVENT_SCHEMA_VERSION = 1;

/** Kinds of events outside the exchanges. */
export const EVENT_TYPES = [
  'installation-created',
  'server-started',
  'server-stopped',
  'key-created',
  'key-revoked',
  'key-rotated',
  'key-narrowed',
  'key-given',
  'key-owners-watched',
  'upstream-added',
  'upstream-changed',
  'upstream-removed',
  'system-quarantined',
  'system-released',
  'secret-bound',
  'secret-origin-proposed',
  'secret-origin-approved',
  'secret-origin-ended',
  'person-created',
  'person-changed',
  'person-disabled',
  'person-enabled',
  'program-created',
  'program-changed',
  'program-disabled',
  'program-enabled',
  'group-changed',
  'grant-given',
  'grant-removed',
  'factor-added',
  'factor-removed',
  'recovery-codes-created',
  'recovery-code-used',
  'password-changed',
  'device-forgotten',
  'session-created',
  'session-ended',
  'session-proven',
  'sign-in-failed',
  'setup-link-created',
  'setup-link-used',
  'provider-link-used',
  'access-decided',
  'review-opened',
  'review-signed',
  'review-closed',
  'break-glass-used',
  'integration-proposed',
  'integration-approved',
  'integration-suspended',
  'integration-narrowed',
  'integration-ended',
  'egress-decided',
  'probe-completed',
  'unauthenticated-counted',
  'refusals-counted',
  'data-key-created',
  'content-read',
  'policy-loaded',
  'record-gap-found',
  'worker-stuck',
  'report-read',
  'configuration-loaded',
  'configuration-refused',
  'clock-jumped',
  'alert-opened',
  'alert-closed',
  'alert-acknowledged',
  'guide-completed',
  'scan-completed',
  'detections-noted',
  'ai-uses-noted',
  'ai-use-decided',
  'finding-decided',
  'asset-registered',
  'asset-changed',
  'version-registered',
  'version-approved',
  'version-promoted',
  'version-withdrawn',
  'artefact-loaded',
  'attestation-made',
  'lineage-noted',
  'source-proposed',
  'source-approved',
  'source-ended',
  'ingest-decided',
  'party-assessed',
  'ci-completed',
  'vault-rotated',
  'vault-shredded',
  'keys-unwrapped',
  'keys-forgotten',
  'keys-opened',
  'backup-made',
  'backup-drilled',
  'log-archived',
  'content-expired',
  'calls-expired',
  'hold-placed',
  'hold-lifted',
  'prices-changed',
  'checkpoint-cosigned',
  'witness-refused',
  'token-used',
  'state-noted',
  'state-accepted',
  'state-diverged',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** One thing that happened, other than an exchange. */
export interface SallyportEvent {
  readonly v: typeof EVENT_SCHEMA_VERSION;
  readonly type: EventType;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `key:…`, `person:…`, `program:…`, `local:USER` or `sallyport`. */
  readonly actor: string;
  /** What it is about: `system:NAME`, `key:ID`, `organisation`. */
  readonly subject: string;
  readonly synthetic: boolean;
  readonly demo: boolean;
  readonly data: Readonly<Record<string, unknown>>;
  /**
   * What rows that grant something are from now on: SHA-256 of each, by `TABLE/KEY`; null for one that is gone. A row that
   * is not what the log said last does not follow from it.
   */
  readonly rows?: Readonly<Record<string, string | null>>;
}

/** Builds an event with a fresh id and the time now. */
export function newEvent(
  type: EventType,
  fields: {
    actor: string;
    subject: string;
    demo?: boolean;
    synthetic?: boolean;
    data?: Record<string, unknown>;
  },
  nowMs: number = clock.nowMs(),
): SallyportEvent {
  return {
    v: EVENT_SCHEMA_VERSION,
    type,
    id: newId('evt', nowMs),
    at: new Date(nowMs).toISOString(),
    actor: fields.actor,
    subject: fields.subject,
    synthetic: fields.synthetic ?? false,
    demo: fields.demo ?? false,
    data: fields.data ?? {},
  };
}
