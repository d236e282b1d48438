import type { Generated } from 'kysely';

/** Tables and columns, as Kysely types them. Times are ISO 8601 text in UTC; JSON is text. */
export interface Database {
  meta: { name: string; value: string };
  api_keys: {
    id: string;
    name: string;
    prefix: string;
    hash: string;
    systems: string;
    scope: Generated<string>;
    limits: string;
    created_at: string;
    expires_at: string;
    revoked_at: string | null;
    demo: number;
    synthetic: number;
    program: string | null;
    owner: string | null;
  };
  systems: {
    id: Generated<string>;
    name: string;
    config: string;
    demo: number;
    origin: string;
    created_at: string;
    updated_at: string;
  };
  people: {
    id: string;
    name: string;
    display_name: string;
    email: string | null;
    password: string | null;
    password_changed_at: string | null;
    origin: string;
    external_id: string | null;
    created_at: string;
    created_by: string;
    disabled_at: string | null;
    local_user: string | null;
    shut_out_by: string | null;
  };
  grants: {
    id: string;
    holder: string;
    role: string;
    system: string;
    origin: string;
    created_at: string;
    created_by: string;
    expires_at: string | null;
    last_used_at: string | null;
  };
  factors: {
    id: string;
    person_id: string;
    kind: string;
    name: string;
    handle: string;
    secret: string;
    counter: number;
    created_at: string;
    confirmed_at: string | null;
    used_at: string | null;
  };
  sessions: {
    id: string;
    hash: string;
    person_id: string;
    level: number;
    methods: string;
    created_at: string;
    last_seen_at: string;
    expires_at: string;
    proven_at: string;
    address: string;
    agent: string;
    device_id: string | null;
    provider_session: string | null;
  };
  devices: {
    id: string;
    hash: string;
    person_id: string;
    agent: string;
    address: string;
    first_seen_at: string;
    last_seen_at: string;
  };
  prices: {
    id: string;
    model: string;
    system: string | null;
    /** JSON: a price set. */
    prices: string;
    position: number;
  };
  holds: {
    id: string;
    system: string;
    reason: string;
    placed_at: string;
    placed_by: string;
    lifted_at: string | null;
    lifted_by: string | null;
  };
  tickets: {
    hash: string;
    kind: string;
    person_id: string | null;
    data: string;
    created_at: string;
    expires_at: string;
    used_at: string | null;
  };
  programs: {
    id: string;
    name: string;
    purpose: string;
    owner: string | null;
    created_at: string;
    created_by: string;
    disabled_at: string | null;
  };
  provisioned: { person_id: string; external_id: string | null; deleted_at: string | null };
  groups: { id: string; name: string; external_id: string | null; created_at: string };
  group_members: { group_id: string; person_id: string };
  reviews: {
    id: string;
    kind: string;
    seed: string;
    opened_at: string;
    opened_by: string;
    due_at: string;
    closed_at: string | null;
  };
  review_items: {
    id: string;
    review_id: string;
    subject: string;
    holder: string;
    evidence: string;
    suggestion: string | null;
    decision: string | null;
    reason: string | null;
    decided_by: string | null;
    decided_at: string | null;
  };
  integrations: {
    id: string;
    name: string;
    kind: string;
    manifest: string;
    owner: string | null;
    status: string;
    why: string;
    seen: string;
    expires_at: string;
    proposed_at: string;
    proposed_by: string;
    approved_at: string | null;
    approved_by: string | null;
    replaces: string | null;
  };
  attempts: { key: string; count: number; since: number };
  outbox: { seq: Generated<number>; event_id: string; event: string; appended_at: string | null };
  exchanges: {
    id: string;
    at: string;
    ended_at: string | null;
    system: string | null;
    actor: string;
    dialect: string | null;
    operation: string | null;
    model: string | null;
    mode: string;
    stream: number;
    demo: number;
    synthetic: number;
    outcome: string | null;
    status: number | null;
    code: string | null;
    action: string;
    would_be: string;
    inspected: number;
    policy_ids: string | null;
    redactions: number;
    input_tokens: number;
    output_tokens: number;
    cost_micro_usd: number;
    /** Whether a price was set; unknown, and 0, in rows before that was told. */
    priced: number;
    cache_read_tokens: number;
    cache_write_tokens: number;
    reasoning_tokens: number;
    audio_tokens: number;
    reserved_tokens: number;
    reserved_micro_usd: number;
    detections: string;
    timings: string;
    intent_index: number;
    outcome_index: number | null;
    worker: number;
    seq: number;
    run: string;
    /** Trace, own span and caller's span, parted by slashes. */
    trace: string | null;
  };
  events: {
    id: string;
    at: string;
    type: string;
    actor: string;
    subject: string;
    demo: number;
    synthetic: number;
    data: string;
    leaf_index: number;
  };
  findings: {
    fingerprint: string;
    subject: string;
    detector: string;
    technique: string;
    /** What else saw the same, as JSON. */
    also: Generated<string>;
    severity: string;
    status: string;
    first_at: string;
    last_at: string;
    count: number;
    demo: number;
    /** What a scan says of it, as JSON. */
    scanned: string | null;
    /** Id of the scan that saw it last. */
    scan: string | null;
    target: string | null;
    owner: string | null;
    accepted: string | null;
    resolved_at: string | null;
  };
  assets: {
    id: string;
    kind: string;
    name: string;
    facts: string;
    created_at: string;
    created_by: string;
    updated_at: string;
  };
  asset_versions: {
    id: string;
    asset: string;
    label: string;
    digest: string;
    bytes: number;
    files: string;
    stored: number;
    created_at: string;
    created_by: string;
    approved_at: string | null;
    approved_by: string | null;
  };
  attestations: {
    id: string;
    digest: string;
    kind: string;
    passed: number;
    summary: string;
    envelope: string;
    at: string;
    actor: string;
  };
  deployments: {
    id: string;
    place: string;
    asset: string;
    version: string;
    digest: string;
    at: string;
    actor: string;
    ended_at: string | null;
  };
  lineage: { source: string; target: string; relation: string; at: string };
  secret_origins: {
    id: string;
    ref: string;
    origin: string;
    status: string;
    by_owner: number;
    asked_at: string;
    asked_by: string;
    approved_at: string | null;
    approved_by: string | null;
  };
  data_sources: {
    id: string;
    pattern: string;
    note: string;
    licence: string;
    status: string;
    proposed_at: string;
    proposed_by: string;
    approved_at: string | null;
    approved_by: string | null;
    expires_at: string;
  };
  assessments: {
    id: string;
    party: string;
    facts: string;
    score: number;
    at: string;
    actor: string;
    expires_at: string;
  };
  ai_uses: {
    fingerprint: string;
    service: string;
    service_name: string;
    kind: string;
    what: string;
    place: string;
    line: number | null;
    count: number;
    first_at: string;
    last_at: string;
    synthetic: number;
    decision: string | null;
    owner: string | null;
    reason: string;
    decided_by: string | null;
    decided_at: string | null;
    until: string | null;
  };
  ai_decisions: {
    service: string;
    decision: string;
    owner: string | null;
    reason: string;
    decided_by: string;
    decided_at: string;
    until: string | null;
  };
}
