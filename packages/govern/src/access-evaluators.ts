import { idTimeMs, type SallyportEvent } from '@sallyport/core';
import { absent, probe } from './pieces.ts';
import type { Evaluator, Piece } from './posture.ts';

/** Factors that count besides a password. */
const STRONG = ['passkey', 'totp', 'recovery-code', 'provider-mfa', 'provider-passkey'];
const DAY_MS = 86_400_000;
/** Days after which a role that is not used goes, at the latest. */
const UNUSED_DAYS_MAX = 180;
/** Within this time what is abnormal is contained, in seconds. */
const CONTAINED_S = 60;
/** Within this time somebody looks after a grave alert. */
const ATTENDED_MS = 60 * 60_000;
const MONTH_MS = 30 * DAY_MS;

/** What sessions were proven with, one entry a session, as far as their proofs were strong enough to do anything. */
function privilegedSessions(events: readonly SallyportEvent[]): { at: string; strong: boolean }[] {
  const sessions = new Map<string, { at: string; needed: number; level: number; strong: boolean }>();
  for (const { type, at, data } of events) {
    const id = String(data['session']);
    const known = sessions.get(id);
    const methods = (data['methods'] as string[] | undefined) ?? [String(data['method'])];
    const strong = methods.some((method) => STRONG.includes(method));
    if (type === 'session-created')
      sessions.set(id, { at, needed: Number(data['levelNeeded']), level: Number(data['level']), strong });
    else if (known)
      sessions.set(id, { ...known, at, level: Number(data['level']), strong: known.strong || strong });
  }
  // A session below what the roles need could do nothing with them.
  return [...sessions.values()].filter(({ needed, level }) => needed > 1 && level >= needed);
}

/** Evaluators of the controls about who may do what. */
export const ACCESS_EVALUATORS: Readonly<Record<string, Evaluator>> = {
  'ACC-01': async (source, now, maxAge) => {
    const decided = await source.events(['access-decided'], now - maxAge);
    const without = decided.filter(
      ({ data }) => data['allowed'] === true && !(data['policyIds'] as string[]).length,
    );
    const decisions: Piece =
      decided.length === 0
        ? absent('decisions of the control plane in the record')
        : {
            what: `${decided.length - without.length} of ${decided.length} recorded decisions of the control plane name their policies`,
            good: without.length === 0,
            at: decided.at(-1)!.at,
          };
    return [
      await probe(source, 'route-permissions', 'every route of the control plane, asked without a session'),
      await probe(source, 'role-rules', 'every role on every action, held against what no role may do'),
      decisions,
    ];
  },
  'ACC-02': async (source, now, maxAge) => {
    const sessions = privilegedSessions(
      await source.events(['session-created', 'session-proven'], now - MONTH_MS),
    );
    const since = new Date(now - maxAge).toISOString();
    const recent = sessions.filter(({ at }) => at >= since);
    const counted = recent.length > 0 ? recent : sessions.slice(-1);
    const strong = counted.filter((session) => session.strong).length;
    return [
      counted.length === 0
        ? absent('sessions of people whose roles go beyond viewing')
        : {
            what: `${strong} of ${counted.length} sessions with such roles were proven by a passkey or an authenticator app`,
            good: strong === counted.length,
            at: counted
              .map(({ at }) => at)
              .sort()
              .at(-1)!,
          },
      await probe(source, 'role-rules', 'every role on every action, with too weak a factor'),
    ];
  },
  'ACC-03': async (source, now) => {
    const keys = (await source.keys()).filter((key) => !key.demo && key.revokedAt === null);
    const dead = keys.filter((key) => !key.expiresAt);
    return [
      keys.length > 0
        ? {
            what: `${keys.length - dead.length} of ${keys.length} live keys expire`,
            good: dead.length === 0,
            at: new Date(now).toISOString(),
          }
        : absent('live API keys'),
      await probe(source, 'retired-key', 'a call with a revoked key, refused'),
      absent('automatic rotation'),
    ];
  },
  'MOD-04': async (source, now) => {
    const leaked = (await source.events(['key-revoked'], now - MONTH_MS)).filter(
      ({ data }) => data['reason'] === 'leaked',
    );
    const seconds = leaked
      .map(({ at, data }) => (Date.parse(at) - idTimeMs(String(data['exchange']))) / 1_000)
      .sort((a, b) => a - b);
    const suspended = await source.events(['integration-suspended'], now - MONTH_MS);
    return [
      leaked.length === 0
        ? absent('a key seen in a text, and how soon it was revoked')
        : {
            what: `${leaked.length} keys that stood in texts of calls were revoked by themselves, the slowest ${seconds.at(-1)!.toFixed(1)} s after its call began`,
            good: seconds.at(-1)! <= CONTAINED_S,
            at: leaked.at(-1)!.at,
          },
      ...suspended.slice(-1).map(({ at, subject, data }) => ({
        what: `the latest third party to be suspended was ${subject.replace('integration:', '')}: ${data['why']}`,
        good: true,
        at,
      })),
      absent('an attack that is injected each month, and contained'),
      absent('a drill of the switch that stops everything'),
    ];
  },
  'MON-05': async (source, now) => {
    const grave = (await source.events(['alert-opened'], now - MONTH_MS)).filter(({ data }) =>
      ['critical', 'high'].includes(String(data['severity'])),
    );
    const seen = await source.events(['alert-acknowledged'], now - MONTH_MS);
    const of = ({ subject, at, data }: SallyportEvent): SallyportEvent | undefined =>
      seen.find(
        (one) => one.subject === subject && one.data['rule'] === data['rule'] && one.data['since'] === at,
      );
    const acknowledged = grave.flatMap((alert) => of(alert) ?? []);
    const seconds = acknowledged.map(({ data }) => Number(data['seconds'])).sort((a, b) => a - b);
    // One that opened just now may wait for somebody.
    const missed = grave.filter((alert) => !of(alert) && now - Date.parse(alert.at) > ATTENDED_MS);
    const trained = acknowledged.filter(({ data }) => (data['mastery'] as string[]).length > 0);
    return [
      grave.length === 0
        ? absent('grave alerts, and who looked after them')
        : {
            what: `${acknowledged.length} of ${grave.length} grave alerts of the month were looked after${
              seconds.length > 0 ? `, half of them within ${seconds[Math.floor(seconds.length / 2)]} s` : ''
            }`,
            good: missed.length === 0,
            at: (acknowledged.at(-1) ?? grave.at(-1)!).at,
          },
      trained.length > 0
        ? {
            what: `${trained.length} of ${acknowledged.length} by a person whose training is current`,
            good: trained.length === acknowledged.length,
            at: trained.at(-1)!.at,
          }
        : absent('training of the people who handle alerts'),
      absent('seeded alerts, and how many of them were noticed'),
    ];
  },
  'ACC-06': async (source, now) => {
    const { talkedTo, without, live, ownerless, watchedAt } = await source.thirdParties();
    const at = new Date(now).toISOString();
    return [
      {
        what: `${talkedTo - without} of ${talkedTo} places elsewhere that are talked to lie within an approved manifest`,
        good: talkedTo === 0 ? null : without === 0,
        at,
      },
      {
        what: `${live - ownerless} of ${live} live manifests have an owner`,
        good: live === 0 ? null : ownerless === 0,
        at,
      },
      watchedAt !== null && live > 0
        ? {
            what: 'certificates and tools of each were compared with what was approved',
            good: true,
            at: watchedAt,
          }
        : absent('a look at certificates and tools of approved third parties'),
      await probe(source, 'egress-refusal', 'calls outside every manifest, refused'),
    ];
  },
  'ACC-05': async (source, now, maxAge) => {
    const { reviewsOverdue } = await source.accounts();
    const since = now - 3 * maxAge;
    const opened = (await source.events(['review-opened'], since)).filter(
      ({ data }) => data['kind'] === 'sample',
    );
    const signed = await source.events(['review-signed'], since);
    const latest = opened.findLast(({ subject }) => signed.some((one) => one.subject === subject));
    const mark = latest ? signed.findLast(({ subject }) => subject === latest.subject)! : null;
    const days = latest && mark ? (Date.parse(mark.at) - Date.parse(latest.at)) / DAY_MS : 0;
    return [
      latest && mark
        ? {
            what: `${(latest.data['items'] as unknown[]).length} of ${latest.data['of']} events, chosen by the root of the record, were judged and signed by ${mark.actor} within ${days < 1 ? 'a day' : `${Math.ceil(days)} days`}`,
            good: true,
            at: mark.at,
          }
        : absent('a sample of the access log that a person judged'),
      {
        what: `${reviewsOverdue} reviews are overdue`,
        good: opened.length === 0 && reviewsOverdue === 0 ? null : reviewsOverdue === 0,
        at: new Date(now).toISOString(),
      },
    ];
  },
  'ACC-04': async (source, now) => {
    const { people, grants, unusedGrants, orphans, unusedDays, keys, keysOwnerless } =
      await source.accounts();
    if (people === 0) return [absent('accounts of people')];
    const at = new Date(now).toISOString();
    const left = await source.latestEvent('person-disabled');
    return [
      {
        what: `${grants - unusedGrants} of ${grants} roles were used within ${unusedDays} days; others are taken away`,
        good: unusedGrants === 0 && unusedDays <= UNUSED_DAYS_MAX,
        at,
      },
      { what: `${orphans} of ${people} accounts are orphans`, good: orphans === 0, at },
      { what: `${keysOwnerless} of ${keys} keys are of people who left`, good: keysOwnerless === 0, at },
      left
        ? {
            what: `the latest leaver was shut out ${left.at}, and every session ended with that`,
            good: true,
            at,
          }
        : absent('a leaver, and how soon they were shut out'),
    ];
  },
};
