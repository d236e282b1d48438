import { expand } from './grammar.ts';
import { DOCUMENT_PARTS } from './languages/documents.ts';
import type { Random } from './random.ts';

/** Kinds of documents a system reads on its own: what it fetches, is sent, or gets back from a tool. */
export const DOCUMENT_KINDS = [
  'email',
  'manual',
  'ticket',
  'review',
  'page',
  'html',
  'table',
  'csv',
  'json',
  'code',
  'log',
  'chat',
  'resume',
  'calendar',
] as const;

/** One of {@link DOCUMENT_KINDS}. */
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** A document as text, with where in it something was hidden. */
export interface HidingDocument {
  readonly text: string;
  /** Span of what was hidden; null when nothing was. */
  readonly span: { readonly start: number; readonly end: number } | null;
}

const MARK = '\u0000';

function lines(part: string, from: number, to: number, random: Random): string[] {
  const count = from + random.below(to - from + 1);
  return Array.from({ length: count }, () => expand(DOCUMENT_PARTS, `{${part}}`, random));
}

/** Puts the mark between the lines, or at the end of one. */
function marked(list: string[], random: Random): string[] {
  const out = [...list];
  const at = random.below(out.length + 1);
  if (at > 0 && random.chance(0.4)) out[at - 1] += ` ${MARK}`;
  else out.splice(at, 0, MARK);
  return out;
}

const part = (name: string, random: Random): string => expand(DOCUMENT_PARTS, `{${name}}`, random);

const BUILDERS: Readonly<Record<DocumentKind, (random: Random) => string>> = {
  email: (r) =>
    `${r.chance(0.5) ? `Subject: ${part('product', r)} ${part('code', r)}\nFrom: ${part('name', r)}\n\n` : ''}${part('greeting', r)}\n${marked(lines('mail', 1, 4, r), r).join(r.chance(0.5) ? '\n' : ' ')}\n${part('closing', r)}`,
  manual: (r) => marked(lines('manual', 3, 12, r), r).join('\n'),
  ticket: (r) => `Ticket ${part('code', r)}\n${marked(lines('ticket', 2, 5, r), r).join('\n')}`,
  review: (r) => marked(lines('review', 1, 5, r), r).join(' '),
  page: (r) => marked(lines('page', 2, 9, r), r).join(r.chance(0.5) ? '\n' : ' '),
  html: (r) => {
    const hidden = r.pick([
      `<!-- ${MARK} -->`,
      `<p style="display:none">${MARK}</p>`,
      `<span style="color:#fff;font-size:0">${MARK}</span>`,
      `<div>${MARK}</div>`,
      `<img src="a.png" alt="${MARK}">`,
      `<meta name="description" content="${MARK}">`,
    ]);
    const rows = lines('page', 2, 6, r).map((line) => `<p>${line}</p>`);
    rows.splice(r.below(rows.length + 1), 0, hidden);
    return `<html><body><h1>${part('product', r)}</h1>\n${rows.join('\n')}\n</body></html>`;
  },
  table: (r) => {
    const rows = lines('review', 2, 6, r).map((line, i) => `| ${i + 1} | ${part('name', r)} | ${line} |`);
    rows.splice(r.below(rows.length + 1), 0, `| ${rows.length + 1} | ${part('name', r)} | ${MARK} |`);
    return `| id | name | comment |\n|---|---|---|\n${rows.join('\n')}`;
  },
  csv: (r) => {
    const rows = lines('review', 2, 6, r).map((line, i) => `${i + 1},${part('name', r)},"${line}"`);
    rows.splice(r.below(rows.length + 1), 0, `${rows.length + 1},${part('name', r)},"${MARK}"`);
    return `id,name,comment\n${rows.join('\n')}`;
  },
  json: (r) => {
    const rows = Array.from({ length: 1 + r.below(4) }, () => ({
      id: r.below(9_999),
      [part('field', r)]: part('page', r),
      [part('field', r)]: part('mail', r),
    }));
    const at = r.below(rows.length);
    (rows[at] as Record<string, unknown>)[part('field', r)] = MARK;
    return JSON.stringify({ status: 'ok', results: rows }, null, r.chance(0.5) ? 2 : undefined).replace(
      '\\u0000',
      MARK,
    );
  },
  code: (r) => {
    const comment = r.pick([
      `# ${MARK}`,
      `// ${MARK}`,
      `"""${MARK}"""`,
      `/* ${MARK} */`,
      `const note = "${MARK}";`,
    ]);
    const body = [
      'def total(items):',
      '    return sum(item.price for item in items)',
      'import os',
      'function add(a, b) { return a + b; }',
      'for row in rows:',
      '    print(row)',
      'if (error) throw error;',
      'const limit = 10; // requests a second',
      '# ignore empty lines',
      '// later: remove the previous implementation',
      'raise ValueError("the instructions must not be empty")',
    ];
    const rows = Array.from({ length: 2 + r.below(6) }, () => r.pick(body));
    rows.splice(r.below(rows.length + 1), 0, comment);
    return rows.join('\n');
  },
  log: (r) => marked(lines('log', 3, 9, r), r).join('\n'),
  chat: (r) =>
    marked(
      lines('ticket', 2, 6, r).map((line) => `${part('name', r)}: ${line}`),
      r,
    ).join('\n'),
  resume: (r) =>
    `${part('name', r)}\nExperience\n${marked(
      [
        `Software engineer at ${part('product', r)}, 20${10 + r.below(15)} to today`,
        'Led a team of five people',
        'Languages: English, German',
        'University degree in mathematics',
        'Wrote the deployment scripts and the monitoring',
      ],
      r,
    ).join('\n')}`,
  calendar: (r) =>
    `BEGIN:VEVENT\nSUMMARY:${part('product', r)} review\nDESCRIPTION:${marked(lines('mail', 1, 2, r), r).join(' ')}\nLOCATION:Room ${part('n', r)}\nEND:VEVENT`,
};

/** A document, made up, with `hidden` somewhere in it where that kind of document has room for text. */
export function hideInDocument(kind: DocumentKind, hidden: string | null, random: Random): HidingDocument {
  const text = BUILDERS[kind](random);
  const at = text.indexOf(MARK);
  if (hidden === null) {
    const from = Math.max(0, text.lastIndexOf('\n', at));
    const next = text.indexOf('\n', at);
    const to = next < 0 ? text.length : next;
    const line = text.slice(from, to).replace(MARK, '').trimEnd();
    return { text: text.slice(0, from) + line + text.slice(to), span: null };
  }
  return { text: text.replace(MARK, () => hidden), span: { start: at, end: at + hidden.length } };
}
