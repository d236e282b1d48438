import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DOCUMENT_KINDS,
  expand,
  type Grammar,
  grammarOf,
  hideInDocument,
  LANGUAGES,
  type Phrases,
  phrasesOf,
  Random,
  toGrammar,
} from '@sallyport/attacks';
import type { Row } from './fit.ts';
import { NearDuplicates } from './near-duplicates.ts';

/** A line of the data files. */
export interface Line {
  readonly text: string;
  /** 0 benign, 1 attack, 2 plain harmful request. */
  readonly label: number;
  readonly source: string;
  readonly family: string;
  readonly lang: string;
}

/** Reads JSON Lines files of a folder, by name. */
export function readFolder(folder: string): Map<string, Line[]> {
  const out = new Map<string, Line[]>();
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.jsonl')) continue;
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean);
    out.set(
      name.replace('.jsonl', ''),
      lines.map((line) => JSON.parse(line) as Line),
    );
  }
  return out;
}

/** Sources of everyday text that are kept from training: thresholds are set on them. */
const CALIBRATION: ReadonlySet<string> = new Set([
  'selfinstruct_seed',
  'oaigr_demo',
  'parapet_l1_benign',
  'parapet_l3_inbound_benign',
  'xquad_q',
  'cse_instruct',
]);

/** How much a text of a source counts: noisy or plentiful ones less. */
const WEIGHTS: Readonly<Record<string, number>> = {
  mosscap: 0.5,
  xquad_ctx: 0.5,
  deepset_train: 2,
};

/** Phrases that a proxy of unseen wording holds back: every fourth. */
function withoutEveryFourth(phrases: Phrases, keep: boolean): Phrases {
  const some = (list: readonly string[]): string[] => list.filter((_, i) => (i % 4 === 3) === keep);
  return {
    tag: phrases.tag,
    override: some(phrases.override),
    instructions: some(phrases.instructions),
    reveal: some(phrases.reveal),
    secrets: some(phrases.secrets),
    role: some(phrases.role),
    order: some(phrases.order),
    authority: some(phrases.authority),
    things: some(phrases.things),
    everyday: some(phrases.everyday),
  };
}

/** Which phrases of a language a grammar is made of. */
export function grammarFor(tag: string, part: 'all' | 'train' | 'held'): Grammar {
  const phrases = phrasesOf(tag);
  if (part === 'all' || !phrases) return grammarOf(tag);
  return toGrammar(withoutEveryFourth(phrases, part === 'held'));
}

/** Pieces of our own documents and sources: technical prose, comments and code that speak of rules, keys and prompts. */
function ownTexts(): string[] {
  const root = join(import.meta.dirname, '../..');
  const out: string[] = [];
  const read = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name);
      if (/^(?:node_modules|dist|guard|attacks|test|demo|screens|guard-report.md)$/.test(entry.name))
        continue;
      if (entry.isDirectory()) read(path);
      else if (/(?<!\.test)\.(?:ts|tsx|md)$/.test(entry.name)) {
        const text = readFileSync(path, 'utf8');
        for (let at = 0; at < text.length; at += 1_200) out.push(text.slice(at, at + 1_200));
      }
    }
  };
  for (const folder of ['docs', 'packages']) read(join(root, folder));
  return out;
}

/** Documents of the packages that are installed here: markdown by many hands, never trained on. */
export function developerDocuments(): Row[] {
  const folder = join(import.meta.dirname, '../../node_modules');
  const out: Row[] = [];
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name, 'README.md');
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8').slice(0, 12_000);
    for (let at = 0; at < text.length; at += 2_000)
      out.push({ text: text.slice(at, at + 2_000), label: 0, source: 'developer-documents' });
  }
  return out;
}

/** What the two heads learn from. */
export interface Corpus {
  readonly user: Row[];
  readonly document: Row[];
  /** Everyday text from sources that neither head has seen. */
  readonly calibration: { readonly user: Row[]; readonly document: Row[] };
  readonly removed: number;
}

/** Rows for training from the data folder and from our own grammars. */
export function buildCorpus(data: string, part: 'all' | 'train', seed = 7): Corpus {
  const near = new NearDuplicates();
  for (const rows of readFolder(join(data, 'eval')).values()) for (const row of rows) near.add(row.text);
  let removed = 0;
  const keep = (text: string): boolean => {
    if (!near.has(text)) return true;
    removed++;
    return false;
  };
  const user: Row[] = [];
  const document: Row[] = [];
  const calibration = { user: [] as Row[], document: [] as Row[] };
  const add = (to: Row[], text: string, label: 0 | 1, source: string, weight: number): void => {
    if (keep(text)) to.push({ text, label, source, weight });
  };
  const random = new Random(seed);
  for (const [source, rows] of readFolder(join(data, 'train'))) {
    const weight = WEIGHTS[source] ?? 1;
    for (const { text, label } of rows) {
      if (label > 1 || !keep(text)) continue;
      const row = { text, label: label as 0 | 1, source, weight };
      if (label === 0 && CALIBRATION.has(source)) {
        calibration.user.push(row);
        continue;
      }
      user.push(row);
      if (label === 1) {
        document.push({ ...row, weight: weight / 2 });
        // The same words, met in something that is read.
        if (text.length < 600 && random.chance(0.5)) {
          const { text: hidden } = hideInDocument(random.pick(DOCUMENT_KINDS), text, random);
          document.push({ text: hidden, label: 1, source, weight: weight / 2 });
        }
      } else document.push(row);
    }
  }
  calibration.document.push(...developerDocuments());
  calibration.document.push(...calibration.user.filter(({ source }) => source === 'xquad_q').slice(0, 2_000));
  for (const tag of LANGUAGES) {
    const grammar = grammarFor(tag, part);
    const count = tag === 'en' ? 14_000 : 900;
    const weight = tag === 'en' ? 0.5 : 1;
    for (let i = 0; i < count; i++) {
      const attack = expand(grammar, '{attack}', random);
      const everyday = expand(grammar, '{everyday}', random);
      const hard = expand(
        grammar,
        tag === 'en' ? random.pick(['{hard}', '{task}', '{task}']) : '{everyday}',
        random,
      );
      add(user, attack, 1, `generated-${tag}`, weight);
      add(user, everyday, 0, `generated-${tag}`, 0.5);
      add(user, hard, 0, `generated-${tag}`, 0.5);
      add(document, attack, 1, `generated-${tag}`, weight * 0.6);
      if (i % 2 === 0) {
        const kind = random.pick(DOCUMENT_KINDS);
        const { text } = hideInDocument(kind, expand(grammar, '{attack}', random), random);
        add(document, text, 1, `hidden-${tag}`, weight);
        if (i % 4 === 0) add(user, text, 1, `hidden-${tag}`, weight / 2);
      }
      if (tag !== 'en') {
        const { text } = hideInDocument(random.pick(DOCUMENT_KINDS), everyday, random);
        if (i % 2 === 0) add(document, text, 0, `talk-${tag}`, 0.3);
      }
    }
  }
  for (let i = 0; i < 14_000; i++) {
    const { text } = hideInDocument(DOCUMENT_KINDS[i % DOCUMENT_KINDS.length]!, null, random);
    add(document, text, 0, 'documents', 1);
    if (i % 3 === 0) add(user, text, 0, 'documents', 0.5);
  }
  for (const text of ownTexts()) {
    add(document, text, 0, 'own', 1);
    add(user, text, 0, 'own', 1);
  }
  return { user, document, calibration, removed };
}
