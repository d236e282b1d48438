import type { Answer, Chapter, Shown } from './answer.ts';
import { API } from './api.ts';
import { ARCHITECTURE } from './architecture.ts';
import { AUTHENTICATION } from './authentication.ts';
import { AUTHORISATION } from './authorisation.ts';
import { COMMUNICATION } from './communication.ts';
import { CONFIGURATION } from './configuration.ts';
import { CRYPTOGRAPHY } from './cryptography.ts';
import { DATA } from './data.ts';
import { ENCODING } from './encoding.ts';
import { FILES } from './files.ts';
import { FRONTEND } from './frontend.ts';
import { LOGGING } from './logging.ts';
import { OAUTH } from './oauth.ts';
import { SESSIONS } from './sessions.ts';
import { TOKENS } from './tokens.ts';
import { VALIDATION } from './validation.ts';
import { WEBRTC } from './webrtc.ts';

/** Every chapter of OWASP ASVS 5.0, at levels 1 and 2. */
export const CHAPTERS: readonly Chapter[] = [
  ENCODING,
  VALIDATION,
  FRONTEND,
  API,
  FILES,
  AUTHENTICATION,
  SESSIONS,
  AUTHORISATION,
  TOKENS,
  OAUTH,
  CRYPTOGRAPHY,
  COMMUNICATION,
  CONFIGURATION,
  DATA,
  ARCHITECTURE,
  LOGGING,
  WEBRTC,
];

const KINDS = ['met', 'not-applicable', 'not-met'] as const;
const HEAD = `# OWASP ASVS 5.0 at levels 1 and 2

What each requirement of the [Application Security Verification Standard 5.0](https://github.com/OWASP/ASVS) asks, in a few words of our own, and our answer: how it is met,
with the tests that go red when that is switched off, why it does not apply, or what is lacking. Written by \`npm run schemas\` from the rows in \`tools/asvs\`, which name each test;
\`tools/asvs.test.ts\` holds them to the tests there are, and to the real list. Judged by those who wrote the code, and verified by no one else.
`;

const place = ([file, name]: Shown): string =>
  file.endsWith('.md')
    ? `[${file.slice(5, -3)}](${file.slice(5)})${name.startsWith('## ') ? `, ${name.slice(3)}` : ''}`
    : `\`${file.split('/').at(-1)}\``;

const places = (by: readonly Shown[]): string => [...new Set(by.map(place))].join(', ');

function said(answer: Answer): string {
  if (answer.kind === 'not-applicable') return `Not applicable: ${answer.why}`;
  if (answer.kind === 'met') return `${answer.how}: ${places(answer.by)}`;
  return `**Not met**: ${answer.lacking}${answer.by.length > 0 ? ` (what there is: ${places(answer.by)})` : ''}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** How many requirements of a chapter are met, not applicable and not met. */
const counts = ({ requirements }: Chapter): number[] =>
  KINDS.map((kind) => requirements.filter(([, , , answer]) => answer.kind === kind).length);

/** The whole of `docs/ASVS.md`. */
export function asvsDocument(): string {
  const rows = CHAPTERS.map((chapter) => [chapter, counts(chapter)] as const);
  const total = KINDS.map((_, i) => rows.reduce((sum, [, own]) => sum + own[i]!, 0));
  const row = (name: string, own: readonly number[]): string =>
    `| ${name} | ${own.join(' | ')} | ${own.reduce((sum, one) => sum + one, 0)} |`;
  return [
    HEAD,
    '| chapter | met | not applicable | not met | of |',
    '|---|---|---|---|---|',
    ...rows.map(([{ id, title }, own]) => row(`${id} ${title}`, own)),
    row('all', total),
    ...CHAPTERS.flatMap(({ id, title, preface, requirements }) => [
      `\n## ${id} ${title}\n`,
      ...(preface === undefined ? [] : [`${preface}\n`]),
      '| id | level | what is asked | answer |',
      '|---|---|---|---|',
      ...requirements.map(
        ([number, level, asks, answer]) => `| ${number} | ${level} | ${asks} | ${cell(said(answer))} |`,
      ),
    ]),
    '',
  ].join('\n');
}
