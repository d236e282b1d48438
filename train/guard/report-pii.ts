import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNames, NameTagger } from '../../packages/guard/src/index.ts';
import { MODELS } from '../sign-model.ts';

/** What the evaluation set calls a kind, and what the guard does. */
const KINDS: Readonly<Record<string, string>> = {
  EMAIL_ADDRESS: 'email',
  PHONE_NUMBER: 'phone',
  CREDIT_CARD: 'credit-card',
  IBAN_CODE: 'iban',
  US_SSN: 'us-ssn',
  IP_ADDRESS: 'ip-address',
  US_DRIVER_LICENSE: 'driver-license',
  AGE: 'age',
  PERSON: 'person',
  STREET_ADDRESS: 'address',
  ADDRESS: 'address',
  ZIP_CODE: 'address',
  GPE: 'place',
  LOCATION: 'place',
  ORGANIZATION: 'organisation',
  DATE_TIME: 'date',
  TITLE: 'title',
  NRP: 'belief',
  DOMAIN_NAME: 'url',
};

interface Counts {
  hit: number;
  miss: number;
  wrong: number;
}

interface Document {
  readonly full_text: string;
  readonly spans: readonly { entity_type: string; start_position: number; end_position: number }[];
}

function row(name: string, { hit, miss, wrong }: Counts): string {
  const precision = hit / Math.max(1, hit + wrong);
  const recall = hit / Math.max(1, hit + miss);
  const f1 = (2 * hit) / Math.max(1, 2 * hit + miss + wrong);
  return `| ${[name, hit, miss, wrong, precision.toFixed(3), recall.toFixed(3), f1.toFixed(3)].join(' | ')} |`;
}

/** Personal data against the evaluation set: a span counts as found when a match of its kind overlaps it. */
export function reportPii(data: string, say: (...lines: string[]) => void): void {
  const folder = join(data, 'pii');
  if (!existsSync(folder)) return;
  const tagger = NameTagger.parse(readFileSync(join(MODELS, 'names.model')));
  const counts = new Map<string, Counts>();
  const of = (kind: string): Counts => {
    const known = counts.get(kind) ?? { hit: 0, miss: 0, wrong: 0 };
    counts.set(kind, known);
    return known;
  };
  for (const name of ['synth_dataset_v2.json', 'generated_small.json']) {
    for (const { full_text, spans } of JSON.parse(readFileSync(join(folder, name), 'utf8')) as Document[]) {
      const found = findNames(full_text, tagger).map((match) => ({
        ...match,
        kind: match.entity === 'date-of-birth' ? 'date' : match.entity,
      }));
      const meets = (span: Document['spans'][number], match: (typeof found)[number]): boolean =>
        KINDS[span.entity_type] === match.kind &&
        match.start < span.end_position &&
        span.start_position < match.end;
      for (const span of spans) {
        const kind = of(KINDS[span.entity_type] ?? 'other');
        if (found.some((match) => meets(span, match))) kind.hit++;
        else kind.miss++;
      }
      for (const match of found) if (!spans.some((span) => meets(span, match))) of(match.kind).wrong++;
    }
  }
  say(
    '',
    '## Personal data',
    '',
    'Presidio’s synthetic documents (1,600), evaluation only; a span is found when a match of its kind overlaps it. Names, places and the',
    'like come from the tagger, whose totals here were looked at six times while its generated training text was widened; the rest comes',
    'from patterns and checks. Issuer ranges of cards were completed from public tables after the first look.',
    '',
    '| kind | found | missed | wrong | precision | recall | F1 |',
    '|---|---|---|---|---|---|---|',
  );
  const all: Counts = { hit: 0, miss: 0, wrong: 0 };
  for (const [kind, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    say(row(kind, count));
    all.hit += count.hit;
    all.miss += count.miss;
    all.wrong += count.wrong;
  }
  say(row('**all**', all));
}
