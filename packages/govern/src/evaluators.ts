import { type EvidenceSource, plural } from '@sallyport/core';
import { ACCESS_EVALUATORS } from './access-evaluators.ts';
import { INVENTORY_EVALUATORS } from './inventory-evaluators.ts';
import { absent, BACKUP_AGE_MS_MAX, lastBackup, probe } from './pieces.ts';
import type { Evaluator, Piece } from './posture.ts';

/** Systems that a line of evidence names; the worst come first. */
const SYSTEMS_NAMED_MAX = 8;

/** A share of real exchanges that must be complete, of every system, the worst first. */
async function share(
  source: EvidenceSource,
  sinceMs: number,
  count: 'inspected' | 'withPolicyId' | 'complete',
  what: string,
): Promise<Piece> {
  const seen: { name: string; good: boolean; at: string | null; words: string }[] = [];
  const without: string[] = [];
  for (const { name, demo } of await source.systems()) {
    if (demo) continue;
    const { newestAt: at, ...counts } = await source.exchangeCounts(sinceMs, name);
    const good = counts[count] === counts.total;
    if (counts.total === 0) without.push(`\`${name}\``);
    else seen.push({ name, good, at, words: `${counts[count]} of ${counts.total} calls to \`${name}\`` });
  }
  const [worst, ...others] = seen.sort((a, b) => Number(a.good) - Number(b.good));
  if (!worst) return absent(`real calls that ${what}`);
  const named = [worst, ...others].slice(0, SYSTEMS_NAMED_MAX).map(({ words }) => words);
  const more = seen.length - named.length;
  const all = `${named.join(', ')}${more > 0 ? ` and those to ${plural(more, 'other system')}` : ''} ${what}`;
  const none = without.length === 0 ? '' : `; no call to ${without.slice(0, SYSTEMS_NAMED_MAX).join(', ')}`;
  return { what: `${all}${none}`, good: worst.good, at: worst.at, subject: `system:${worst.name}` };
}

/** Whether independent witnesses cosign, and none of them saw another log since. */
async function cosigned(source: EvidenceSource): Promise<Piece> {
  const [good, bad] = await Promise.all([
    source.latestEvent('checkpoint-cosigned'),
    source.latestEvent('witness-refused'),
  ]);
  if (bad && (!good || bad.at > good.at))
    return {
      what: `the witness ${String(bad.data['witness'])} refuses: ${String(bad.data['fault'])}`,
      good: false,
      at: bad.at,
    };
  if (!good) return absent('cosignatures of witnesses (`record.witnesses`)');
  const names = good.data['witnesses'] as readonly string[];
  return {
    what: `${String(good.data['size'])} entries are cosigned by ${names.join(', ')}, ${names.length} of ${String(good.data['of'])} witnesses`,
    good: true,
    at: good.at,
  };
}

/** Evaluators of the controls that this version can evidence. The other practices are `not assessed`. */
export const EVALUATORS: Readonly<Record<string, Evaluator>> = {
  ...ACCESS_EVALUATORS,
  ...INVENTORY_EVALUATORS,
  'MOD-01': async (source, now, maxAge) => [
    await share(source, now - maxAge, 'withPolicyId', 'were decided by a policy'),
    await probe(source, 'over-limit-call', 'a synthetic call over its limit, refused'),
  ],
  'MOD-03': async (source, now) => [
    await share(source, now - 86_400_000, 'complete', 'have an intent and an outcome in the record'),
    await probe(source, 'sequence-gaps', 'a check of the sequence numbers for gaps'),
    absent('the count of calls that the provider billed'),
  ],
  'IO-01': async (source, now, maxAge) => [
    await share(source, now - maxAge, 'inspected', 'were inspected, or refused before that'),
    await probe(source, 'guard-detection', 'nightly detection and false-positive rates on frozen sets'),
    await probe(source, 'input-action', 'a known attack, and what each system does about it'),
  ],
  'IO-03': async (source, now, maxAge) => [
    await share(source, now - maxAge, 'withPolicyId', 'carry the policy that decided and its version'),
    await probe(source, 'decision-replay', 'a replay of the day with identical decisions'),
    await probe(source, 'rule-decides', 'a denial by a rule, and what each system does about it'),
  ],
  'DAT-03': async (source, now) => {
    const made = await lastBackup(source);
    return [
      await probe(source, 'sealed-content', 'a scan of stored content for plaintext'),
      made && now - Date.parse(made.at) <= BACKUP_AGE_MS_MAX
        ? {
            what: `the last backup is an age file${made.data['quantumSafe'] === true ? ' that a quantum computer does not open' : ''}; its keys are in none of data`,
            good: true,
            at: new Date(now).toISOString(),
          }
        : absent('an encrypted backup of the last two days'),
    ];
  },
  'DAT-04': async (source) => [
    await probe(source, 'transport', 'a handshake with every system that is not a demonstration'),
  ],
  'DAT-06': async (source, now, maxAge) => {
    const counts = await source.exchangeCounts(now - maxAge);
    return [
      counts.redactions > 0
        ? {
            what: `personal data or secrets were redacted in ${counts.redactions} directions of calls`,
            good: true,
            at: counts.newestAt,
          }
        : absent('redactions in real calls'),
      await probe(source, 'guard-residual', 'a residual test on a labelled set'),
      await probe(source, 'redaction-action', 'personal data, and what each system does about it'),
    ];
  },
  'MON-01': async (source) => {
    const opened = await source.latestEvent('alert-opened');
    return [
      opened
        ? {
            what: `the latest alert, \`${String(opened.data['rule'])}\` on ${opened.subject}, opened with owner and severity`,
            good: true,
            at: opened.at,
          }
        : absent('an alert on real traffic, with owner and severity'),
      absent('precision and recall from a weekly replay of labelled traffic'),
    ];
  },
  'GOV-10': async (source) => {
    const guide = await source.latestEvent('guide-completed');
    if (!guide)
      return [absent('a guided first hour that was completed; it is under `/start` in the console')];
    const { effective, partial, failing, minutes } = guide.data as Record<string, number | null>;
    return [
      {
        what: `every step of the guided first hour was done, ${minutes} minutes after installation`,
        good: true,
        at: guide.at,
      },
      {
        what: `then ${effective} controls were effective, ${partial} partial, ${failing} failing`,
        good: (effective ?? 0) > 0,
        at: guide.at,
      },
    ];
  },
  'CMP-03': async (source) => [
    await probe(source, 'ledger-verify', 'verification of the whole log'),
    await probe(
      source,
      'tamper-drill',
      'a drill in which a copy of the log is tampered with and that is detected',
    ),
    await cosigned(source),
  ],
  'KEY-01': async (source) => {
    const audit = await source.latestEvent('keys-unwrapped');
    const away = await source.latestEvent('keys-forgotten');
    return [
      await probe(source, 'root-key', 'the place and protection of the root key'),
      await probe(source, 'key-inventory', 'a check of every key for its purpose, its parent and its reuse'),
      audit
        ? {
            what: `${String(audit.data['sum'])} keys were unwrapped in the hour that was audited last${away ? `; when the keeper of the root was out of reach, on ${away.at.slice(0, 10)}, they were forgotten` : ''}`,
            good: true,
            at: audit.at,
          }
        : absent('an audit of unwrapping'),
    ];
  },
  'FUT-02': async (source) => [
    await probe(source, 'offline-proof', 'a proof that holds with nothing but the public keys'),
    await cosigned(source),
  ],
  'FUT-03': async (source) => {
    const drill = await source.latestEvent('vault-rotated', 'vault:kek');
    return [
      await probe(source, 'quantum-safety', 'a count of keys that a quantum computer opens'),
      drill
        ? {
            what: `a drill changed ${String(drill.data['wrapped'])} wrappings to ${String(drill.data['suite'])} while calls went on`,
            good: true,
            at: drill.at,
          }
        : absent(
            'a drill that changes every wrapping to another suite (`sallyport vault rotate kek --suite`)',
          ),
      absent('the share of connections with hybrid key agreement'),
    ];
  },
};
