import type { Inspection, Place } from '../inspection.ts';
import type { TechniqueName } from '../techniques.ts';
import { type Json, textsIn } from '../text/json.ts';
import { AskedWords, hasWords } from './asked-words.ts';
import { followNames } from './follow-names.ts';
import { type Stretch, stretchesOf, type Token } from './jinja-lexer.ts';

/** Longest template that is taken apart. */
const TEMPLATE_CHARACTERS_MAX = 4 * 1024 * 1024;
/** Rounds of loops, and characters of padding, beyond which a template is out to cost time. */
const LARGE = 100_000;

/** Attributes by which a template leaves its sandbox: all that Python marks as its own, and what frameworks hand out. */
const INNER_NAME =
  /^__\w+__$|^(?:mro|gi_frame|gi_code|cr_frame|cr_code|f_globals|f_builtins|f_locals|tb_frame|func_globals|func_code|co_code|environ|subclasses|builtins|__)$/;
const isInner = (name: string): boolean => {
  if (INNER_NAME.test(name)) return true;
  // Private to a class: `_Name__attribute`.
  const at = name.indexOf('__', 1);
  return at > 0 && at + 2 < name.length && /^_\w+$/.test(name);
};
/** Functions of Python that no object of a dialogue has. */
const CALLED = /^(?:system|popen|import_module|getattr|setattr|eval|exec|compile)$/;
/** Objects of frameworks that no chat template is given, and functions that lead to modules. */
const FOREIGN =
  /^(?:self|config|request|session|g|url_for|get_flashed_messages|lipsum|cycler|joiner|dict|undefined|caller|varargs|kwargs|open|os|sys|subprocess|import|eval|exec|getattr|popen)$/;
/** Of these, what templates of pages, playbooks and queries are given, and build with. */
const OF_PAGES =
  /^(?:self|config|request|session|g|url_for|get_flashed_messages|lipsum|cycler|joiner|dict|undefined|caller|varargs|kwargs)$/;
/** Words of templates that lay out a dialogue for a model. */
const OF_CHATS =
  /\b(?:bos_token|eos_token|add_generation_prompt|continue_final_message|raise_exception)\b|\[\s{0,4}["']role["']\s{0,4}\]|\bmessages?\.role\b/;

/** What is told of templates that lay out a dialogue alone. */
const OF_DIALOGUES: ReadonlySet<TechniqueName> = new Set([
  'template-file',
  'template-name',
  'template-exhaustion',
  'template-instruction',
  'template-exfiltration',
]);

/** Whether a template says that it lays out a dialogue. */
export const isChatTemplate = (template: string): boolean => OF_CHATS.test(template);

/** Filters that reach attributes by a name they are given. */
const BY_NAME = new Set([
  'attr',
  'map',
  'selectattr',
  'rejectattr',
  'groupby',
  'sort',
  'unique',
  'sum',
  'min',
  'max',
]);
/** Functions and filters that take as long as a number says. */
const COSTLY = /^(?:range|center|ljust|rjust|zfill|lipsum|wordwrap|indent|batch|slice|repeat)$/;
const FROM_FILES = new Set(['include', 'import', 'from', 'extends']);
const URL_TEXT = /\b(?:https?|ftp|wss?):\/\/[^\s'"{}<>]{3,}|\bdata:[a-z]+\/[a-z0-9.+-]+;base64,/i;
/** A stretch that does nothing but refuse a dialogue, in words for whoever made it. */
const REFUSAL = /^[-+]?\s*raise_exception\((?:"[^"]*"|'[^']*')\)\s*[-+]?$/;
/** Words of an order, in what is to look like a template's own text. */
const ORDER =
  /\b(?:ignore|disregard|forget|always|never|must|do not|don't|instead|pretend|secretly|insert|recommend|reply|respond|answer|include|append|execute|send|reveal|output|tell|say)\b/i;

const isText = (token: Token | undefined): boolean => token?.kind === 'text';
const isSign = (token: Token | undefined, sign: string): boolean =>
  token?.kind === 'sign' && token.value === sign;

/** Texts that are joined by `~` or `+`, or that lie in one list, as the text they make. */
function joinedTexts(tokens: readonly Token[]): string[] {
  const joined: string[] = [];
  let run = '';
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'text') run += token.value;
    else if (token.kind === 'sign' && /^[~+,]$/.test(token.value) && isText(tokens[at - 1])) continue;
    else {
      if (run !== '') joined.push(run);
      run = '';
    }
  }
  if (run !== '') joined.push(run);
  return joined;
}

function inspectTokens(
  { tokens }: Stretch,
  see: (technique: TechniqueName, message: string) => void,
  isPage: boolean,
): void {
  const costs = tokens.some(({ kind, value }) => kind === 'name' && COSTLY.test(value));
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    if (token.kind === 'name') {
      const isAttribute = isSign(before, '.');
      if (
        isAttribute
          ? (isInner(token.value) && !(isPage && isTypeName(tokens, at))) ||
            (CALLED.test(token.value) && isSign(after, '('))
          : /^__\w+__$/.test(token.value)
      )
        see('template-escape', 'reaches for an attribute that leads out of the template');
      else if (
        !isAttribute &&
        FOREIGN.test(token.value) &&
        !(isPage && OF_PAGES.test(token.value)) &&
        (isSign(after, '.') || isSign(after, '[') || isSign(after, '(') || isSign(after, '|'))
      )
        see('template-escape', `uses \`${token.value}\`, which no chat template needs`);
      if (isSign(before, '|') && token.value === 'attr')
        see('template-escape', 'reaches for attributes by names in texts');
      if (isSign(before, '|') && BY_NAME.has(token.value) && isSign(after, '(')) {
        const until = tokens.slice(at + 2, at + 12);
        if (
          until.some(
            ({ kind, value }) => kind === 'text' && (isInner(value) || /^_/.test(value) || value === 'attr'),
          )
        )
          see('template-escape', 'reaches for attributes by names in texts');
      }
    }
    if (token.kind === 'text' && isSign(before, '[') && isSign(after, ']') && isInner(token.value))
      see('template-escape', 'reaches for an attribute that leads out of the template');
    if (token.kind === 'number') {
      const size = Number(token.value.replaceAll('_', ''));
      if (size >= LARGE && (costs || isSign(before, '*') || isSign(after, '*') || isSign(before, '**')))
        see('template-exhaustion', 'counts to a number that only costs time');
      if (isSign(before, '**') && size >= 64)
        see('template-exhaustion', 'computes a power that only costs time');
    }
    if (token.kind === 'text' && /%\d{6,}[a-z]|\{:[^{}]*\d{6,}/i.test(token.value))
      see('template-exhaustion', 'pads a text to a length that only costs memory');
  }
  for (const text of joinedTexts(tokens)) {
    if (
      /__(?:class|globals|builtins|import|subclasses|init|mro|base|bases|dict|getattribute|reduce|code|call|getitem|self|loader|spec)__/.test(
        text,
      )
    )
      see('template-escape', 'puts together a name that leads out of the template');
    if (/\b(?:os\.(?:system|popen)|subprocess|import\s+os|__import__|exec\(|eval\()/.test(text))
      see('template-escape', 'holds Python that is run elsewhere');
  }
}

/** Whether a name stands in `x.__class__.__name__`, by which templates tell types apart. */
function isTypeName(tokens: readonly Token[], at: number): boolean {
  const start = tokens[at]!.value === '__name__' ? at - 2 : at;
  const [type, dot, name, after] = tokens.slice(Math.max(0, start), start + 4);
  return (
    type?.value === '__class__' &&
    isSign(dot, '.') &&
    name?.value === '__name__' &&
    !(after?.kind === 'sign' && /^[.[(]$/.test(after.value))
  );
}

/** Whether the condition of a stretch asks what somebody wrote. */
const asksContent = ({ text }: Stretch): boolean =>
  /\bcontent\b/.test(text) && /\bin\b|==|\bstartswith\b|\bendswith\b|\bis\b/.test(text);

/** A text that people would write: words with blanks between, and no marks of a dialogue. */
const isProse = (text: string): boolean =>
  /(?<![A-Za-z])[A-Za-z]{2,}(?:[ ,]+[A-Za-z']{2,}){4,}/.test(
    text.replace(/<[^>]{0,60}>|\[[A-Z_/]{2,30}\]/g, ' '),
  );

/**
 * What a Jinja template of a tokenizer can do beyond laying out a dialogue: leave its sandbox, read files, cost time without end,
 * carry words elsewhere, or slip in orders when certain words come up.
 * @param isPage whether it is one of a page, playbook or query: such a one takes in others, and is given what its framework has
 */
export function inspectTemplate(
  inspection: Inspection,
  template: string,
  place: Place,
  isPage = false,
): void {
  const told = new Set<string>();
  const see = (technique: TechniqueName, message: string): void => {
    if (isPage && OF_DIALOGUES.has(technique)) return;
    if (told.has(`${technique} ${message}`)) return;
    told.add(`${technique} ${message}`);
    inspection.report(technique, `a template ${message}`, place);
  };
  if (template.length > TEMPLATE_CHARACTERS_MAX)
    return inspection.report('too-much', 'holds a template that is longer than is read', place);
  const stretches = stretchesOf(template);
  const isFollowed = followNames(stretches, {
    known: (name) => {
      if (isInner(name)) see('template-escape', 'puts together a name that leads out of the template');
    },
    hidden: () => see('template-name', 'reaches into an object by a name that it makes of pieces'),
    mayGoOn: () => !inspection.budget.outOfTime,
  });
  if (!isFollowed) inspection.report('too-much', 'holds a template of more steps than are followed', place);
  const conditions: boolean[] = [];
  /** Of each condition that is open, whether it asks for certain words; what is said where they are not there is said for them too. */
  const words: boolean[] = [];
  const asked = new AskedWords();
  let loops = 0;
  for (const [at, stretch] of stretches.entries()) {
    inspectTokens(stretch, see, isPage);
    const word = stretch.tokens.find(({ kind }) => kind === 'name')?.value ?? '';
    if (stretch.kind === 'statement') {
      if (FROM_FILES.has(word)) see('template-file', 'takes in other files');
      asked.note(stretch);
      if (word === 'if') words.push(asked.asks(stretch));
      else if (word === 'elif' && words.length > 0) words[words.length - 1] ||= asked.asks(stretch);
      else if (word === 'endif') words.pop();
      if (word === 'if') conditions.push(asksContent(stretch));
      else if (word === 'elif' && conditions.length > 0)
        conditions[conditions.length - 1] = asksContent(stretch);
      else if (word === 'else' && conditions.length > 0) conditions[conditions.length - 1] = false;
      else if (word === 'endif') conditions.pop();
      else if (word === 'for' && ++loops > 6)
        see('template-exhaustion', 'runs loops within loops within loops');
      else if (word === 'endfor') loops--;
    }
    const texts =
      stretch.kind === 'literal' ? [stretch.text] : stretch.tokens.filter(isText).map(({ value }) => value);
    const isOutput = (stretch.kind !== 'statement' || word === 'set') && !REFUSAL.test(stretch.text);
    if (isOutput && conditions.includes(true) && texts.some((text) => isProse(text) && ORDER.test(text)))
      see('template-instruction', 'slips in words of its own when certain words come up');
    const isAsked = words.includes(true) || (stretch.kind === 'expression' && asked.asks(stretch));
    if (isOutput && isAsked && texts.some((text) => hasWords(text)))
      see('template-instruction', 'slips in words of its own when certain words come up');
    if (isOutput && isAsked && texts.some((text) => URL_TEXT.test(text)))
      see('template-exfiltration', 'puts an address into what is said when certain words come up');
    const next = stretches[at + 1];
    if (
      texts.some((text) => URL_TEXT.test(text)) &&
      (stretch.kind !== 'literal' || next?.kind === 'expression')
    )
      see('template-exfiltration', 'puts an address into what is said');
    if (/\breplace\b/.test(stretch.text) && texts.some((text) => URL_TEXT.test(text)))
      see('template-exfiltration', 'replaces words of what is said by an address');
  }
}

/** What Jinja alone writes; the templates of Go have neither. */
export const JINJA = /chat[_-]template|\{%-?\s{0,64}\w|\{\{[^{}]{0,4096}(?:__|\|\s{0,8}\w{1,32}\()/;

/** Keys under which a chat template stands in a configuration. */
const CHAT_TEMPLATES = ['chat_template', 'chat_template_jinja', 'default_chat_template'];

/** Chat templates of an object of a configuration, one or several by their names. */
export function inspectChatTemplates(
  inspection: Inspection,
  object: { readonly [key: string]: unknown },
  pointer: string,
): void {
  for (const key of CHAT_TEMPLATES) {
    const value = object[key];
    if (typeof value === 'string') inspectTemplate(inspection, value, { pointer: `${pointer}/${key}` });
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [name, one] of Object.entries(value))
        if (typeof one === 'string')
          inspectTemplate(inspection, one, { pointer: `${pointer}/${key}/${name.slice(0, 64)}` });
  }
}

/** Keys that are read by themselves. */
const READ_ELSEWHERE =
  /\/(?:(?:default_)?chat_template(?:_jinja)?(?:\/[^/]{1,64})?|prefix|suffix|source_code|code|value)$/;
/** What rows of a set of data call their texts: these are read by people and models, and filled in by nothing. */
const OF_ROWS =
  /\/\d{1,9}\/(?:[^/]{1,64}\/){0,4}(?:text|content|input|output|question|answer|prompt|response|completion|instruction|solution|description|body|source|query)$/;

/** Every other text of a document that only Jinja writes, under whichever key: one of a page, where it does not say that it lays out a dialogue. @param isJson whether `template` is read by itself, as it is in JSON */
export function inspectOtherTemplates(inspection: Inspection, root: Json, isJson = false): void {
  for (const { text, pointer } of textsIn(root, (one) => JINJA.test(one))) {
    if (READ_ELSEWHERE.test(pointer) || OF_ROWS.test(pointer)) continue;
    if (isJson && pointer.endsWith('/template')) continue;
    // Expressions of a pipeline are none of Jinja.
    const own = text.replaceAll('${{', '$ ');
    if (JINJA.test(own)) inspectTemplate(inspection, own, { pointer }, !isChatTemplate(own));
  }
}
