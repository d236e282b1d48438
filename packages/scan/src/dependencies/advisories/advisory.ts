import { type Severity, tableOf } from '@sallyport/core';
import { z } from 'zod';
import { DISTRIBUTIONS, type Ecosystem, normalPythonName } from '../locked-package.ts';
import { cvssScore } from './cvss.ts';

const eventSchema = z.object({
  introduced: z.string().optional(),
  fixed: z.string().optional(),
  last_affected: z.string().optional(),
  limit: z.string().optional(),
});

/** What is read of a record (OSV schema 1.7, ossf.github.io/osv-schema). */
const recordSchema = z.object({
  id: z.string().min(1).max(256),
  modified: z.string().default(''),
  published: z.string().optional(),
  withdrawn: z.string().optional(),
  aliases: z.array(z.string()).default([]),
  summary: z.string().optional(),
  details: z.string().optional(),
  severity: z.array(z.object({ type: z.string(), score: z.string() })).default([]),
  affected: z
    .array(
      z.object({
        package: z.object({ ecosystem: z.string(), name: z.string() }).optional(),
        ranges: z.array(z.object({ type: z.string(), events: z.array(eventSchema) })).default([]),
        versions: z.array(z.string()).default([]),
        severity: z.array(z.object({ type: z.string(), score: z.string() })).default([]),
        database_specific: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default([]),
  database_specific: z.record(z.string(), z.unknown()).optional(),
});

/** A boundary of versions that are affected, in the order of the record. */
export interface RangeEvent {
  readonly introduced?: string | undefined;
  readonly fixed?: string | undefined;
  readonly lastAffected?: string | undefined;
  readonly limit?: string | undefined;
}

/** What one record says about one package. */
export interface Advisory {
  readonly id: string;
  readonly aliases: readonly string[];
  /** When it was disclosed, RFC 3339; the empty text where nobody says. */
  readonly published: string;
  readonly summary: string;
  readonly severity: Severity;
  /** Whether the record says how bad it is. */
  readonly isScored: boolean;
  /** The package itself was made to do harm. */
  readonly isMalware: boolean;
  readonly ecosystem: Ecosystem;
  /** As {@link packageKey} makes it: with the release of a distribution before it. */
  readonly name: string;
  readonly versions: readonly string[];
  readonly ranges: readonly (readonly RangeEvent[])[];
}

/** Whether advisories of it are about one release each. */
export const isDistribution = (ecosystem: Ecosystem): boolean =>
  (DISTRIBUTIONS as readonly Ecosystem[]).includes(ecosystem);

/** The name under which packages of an ecosystem, and of a release of a distribution, are compared. */
export const packageKey = (ecosystem: Ecosystem, name: string, release = ''): string =>
  ecosystem === 'PyPI' || ecosystem === 'conda'
    ? normalPythonName(name)
    : isDistribution(ecosystem)
      ? `${release} ${name}`
      : name;

/** How distributions of RPM name their releases after the colon: `enterprise_linux:9::appstream`, `Linux Enterprise Server 15 SP5`, `Leap 15.5`. */
const RELEASES: Readonly<Record<string, RegExp>> = tableOf({
  'Red Hat': /^enterprise_linux:(\d+)/,
  SUSE: /^Linux Enterprise .*?(\d+)(?: SP(\d+))?/,
  openSUSE: /^(?:Leap )?(\S+)/,
});

/** The release of a distribution in `Debian:12` or `Ubuntu:22.04:LTS`, without blanks; empty where a record names none. */
function releaseIn(ecosystem: string): string {
  const [name = '', ...rest] = ecosystem.split(':');
  const release = rest.join(':').replace(/:LTS$/, '');
  const [, main, minor] = RELEASES[name]?.exec(release) ?? [];
  return (main === undefined ? release : `${main}${minor === undefined ? '' : `.${minor}`}`).replaceAll(
    ' ',
    '_',
  );
}

const ALIASES_MAX = 32;
const SUMMARY_CHARACTERS_MAX = 200;
const WORDS: Readonly<Record<string, Severity>> = tableOf({
  critical: 'critical',
  high: 'high',
  moderate: 'medium',
  medium: 'medium',
  low: 'low',
});

/** How bad it is: by the highest CVSS score, else by the word of the database, null where nobody says. */
function severityOf(scores: readonly { type: string; score: string }[], word: unknown): Severity | null {
  const score = Math.max(-1, ...scores.map((one) => cvssScore(one.score) ?? -1));
  if (score >= 0)
    return score >= 9 ? 'critical' : score >= 7 ? 'high' : score >= 4 ? 'medium' : score > 0 ? 'low' : 'info';
  return (typeof word === 'string' && WORDS[word.toLowerCase()]) || null;
}

/**
 * What a record says, package by package. Withdrawn records say nothing.
 * @param ecosystem only packages of it
 * @throws z.ZodError for what is no record
 */
export function advisoriesOf(json: unknown, ecosystem: Ecosystem): Advisory[] {
  const record = recordSchema.parse(json);
  if (record.withdrawn !== undefined) return [];
  return record.affected.flatMap((affected): Advisory[] => {
    // An ecosystem may carry a release behind a colon.
    if (affected.package === undefined || affected.package.ecosystem.split(':')[0] !== ecosystem) return [];
    const isMalware =
      record.id.startsWith('MAL-') || record.aliases.some((alias) => alias.startsWith('MAL-'));
    const severity = severityOf(
      [...affected.severity, ...record.severity],
      affected.database_specific?.['severity'] ?? record.database_specific?.['severity'],
    );
    return [
      {
        id: record.id,
        aliases: record.aliases.slice(0, ALIASES_MAX),
        published: record.published ?? record.modified,
        summary: (record.summary ?? record.details ?? '').split('\n')[0]!.slice(0, SUMMARY_CHARACTERS_MAX),
        severity: isMalware ? 'critical' : (severity ?? 'high'),
        isScored: severity !== null,
        isMalware,
        ecosystem,
        name: packageKey(ecosystem, affected.package.name, releaseIn(affected.package.ecosystem)),
        versions: affected.versions,
        ranges: affected.ranges
          .filter(({ type }) => type !== 'GIT')
          .map(({ events }) =>
            events.map(({ introduced, fixed, last_affected, limit }) => ({
              introduced,
              fixed,
              lastAffected: last_affected,
              limit,
            })),
          ),
      },
    ];
  });
}
