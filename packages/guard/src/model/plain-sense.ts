import { NEGATED } from '../rules/injection-words.ts';
import type { View } from '../views/canonicalise.ts';

/** References to a value that is kept elsewhere, and what stands for one in guides: each a name, never a sentence. */
const REFERENCE = new RegExp(
  [
    // Templates: Ansible, Helm, GitHub, Jinja.
    '\\$?\\{\\{-? ?[\\w.|$()\'", :-]{1,100}? ?-?\\}\\}',
    // Shells, Compose, Maven, Terraform, Azure DevOps.
    '\\$\\{[\\w.:?-]{1,60}\\}',
    '\\$\\([\\w.-]{1,60}\\)',
    '\\$\\w{1,60}',
    '%\\(?\\w{1,60}(?:%|\\)s)',
    '#\\{\\w{1,60}\\}#?',
    '@@\\w{1,60}@@',
    // Home Assistant, Ansible, CloudFormation.
    '!(?:secret|vault|sub|ref|getatt)\\b',
    // Guides.
    '<(?:your|my)[ _-][\\w -]{1,40}>',
    '<(?:token|password|secret|key|api[ _-]?key|user(?:name)?)>',
    // Programs.
    '(?:os\\.environ|os\\.getenv|process\\.env|system\\.getenv|env\\.fetch|getenv|var|secrets|env)[\\w.()\\[\\]"\', ]{1,80}',
  ].join('|'),
  'g',
);
/** A name, and what says that a value is given to it. */
const ASSIGNED = /^[ \t]{0,40}(?:- )?["']?\$?[\w.[\]-]{1,60}["']?[ \t]{0,4}(?:=|:)/;
/** Words about what opens something. */
const OPENS = /pass(?:word|wd|phrase)?|secret|token|key|credential|auth|pwd|vault/;
/** What no configuration says: words that ask somebody for something, or speak of prompts. */
const ASKS = new RegExp(
  [
    '\\b(?:reveal|show|repeat|tell|give|send|ignore|disregard|forget|leak|dump|expose|disclose|obey|pretend|act|you)\\b',
    'prompt|instruction',
  ].join('|'),
);
/** Words of programs that say nothing by themselves. */
const KEYWORDS = new Set('if not raise new throw const let var return export set data'.split(' '));
const PLAIN = /^["'([{]{0,3}[a-z]{2,24}["')\]},.;!?]{0,3}$/;
/** Plain words that a line of configuration has at most beside names and references. */
const PLAIN_MAX = 1;
const LINE_MAX = 400;

const SAYS = '(?:share|tell|give|send|disclose|reveal)(?: anyone| anybody| out)?';
const URGED = '(?:ignore (?:a|the|any) warnings?|keep (?:a|the|it|this|something) secret|act at once)';
/** What asks for the opposite of an attack, or says that it is none, in so many words. */
const ADVICE = [
  new RegExp(
    `${NEGATED}(?:ignore|disregard|forget|overlook|bypass|override|neglect) (?:your|my|our|the|these|those|any|all)(?: \\w{1,24}){1,2}`,
    'g',
  ),
  new RegExp(`\\b(?:never|do not|don't) ${SAYS} your (?:passwords?|pin|codes?|one-time codes?)\\b`, 'g'),
  new RegExp(
    `${NEGATED}(?:share|tell|give|send|disclose|reveal|show|print|repeat|leak|expose) (?:out )?(?:your|my|its|their|his|her|the|these|this|any)(?: \\w{1,24}){0,2} (?:prompts?|instructions|rules|guidelines)\\b`,
    'g',
  ),
  new RegExp(`\\b(?:asks?|urges?|tells?|wants?) you to ${URGED}(?:,? or to ${URGED})?\\b`, 'g'),
];

/** A person who shares their name with a well-known jailbreak. */
const PERSON = /\bdan(?= (?:asked|asks|said|says|called|left|wrote|wanted|mentioned|sent|told (?:me|us))\b)/g;

/** Whether a line of a canonical text gives a name a reference, or another name, and says nothing else. */
function isConfiguration(line: string): boolean {
  if (line.length > LINE_MAX || !OPENS.test(line)) return false;
  if (ASKS.test(line.replaceAll(/[_-]/g, ' '))) return false;
  const rest = line.replace(REFERENCE, ' = ');
  if (rest === line && !ASSIGNED.test(line)) return false;
  let plain = 0;
  for (const word of rest.replace(ASSIGNED, '').split(/[ \t]+/))
    if (PLAIN.test(word) && !KEYWORDS.has(word) && ++plain > PLAIN_MAX) return false;
  return true;
}

const blank = (text: string): string => ' '.repeat(text.length);

/**
 * A reading of a text without what harmless texts say that speak of secrets: lines of configuration that only refer to
 * some, and advice about them. Each is blanked, so that the rest stays where it is and is judged by itself.
 * @param written the text itself, where names are no words yet
 */
export function withoutPlainSense(view: View, written: string): string {
  let rest = view.text;
  for (const advice of [...ADVICE, PERSON]) rest = rest.replace(advice, blank);
  let at = 0;
  const lines = rest.split('\n').map((line) => {
    const { start, end } = view.span(at, at + line.length);
    at += line.length + 1;
    return isConfiguration(written.slice(start, end).toLowerCase()) ? blank(line) : line;
  });
  return lines.join('\n');
}
