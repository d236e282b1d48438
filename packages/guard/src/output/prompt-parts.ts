import { tableOf } from '@sallyport/core';
import { isForeign } from '../language.ts';

/** A sentence of a system prompt. */
export interface PromptSentence {
  readonly text: string;
  /** Whether it tells the system what to do; else it is what the system is to know, such as a price list. */
  readonly orders: boolean;
}

/** Words of a prompt that has something said as it stands, in the languages that rules know. */
const SAYS = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${[
    'say|says|saying|reply|respond|answer|answers|write|begin|start|open|end|close|finish|append|add|include|greet|tell|state',
    'print|output|display|show|use|sign|words?|sentences?|phrases?|disclaimers?|messages?|notices?|texts?|lines?',
    'sage|sag|antworte|schreibe|schreib|beginne|beende|ende|schließe|füge|nutze|verwende|satz|hinweis',
    'dis|dites|réponds|répondez|écris|écrivez|commence|commencez|termine|terminez|ajoute|ajoutez|phrase|mention',
    'di|diga|responde|responda|escribe|escriba|empieza|comienza|termina|termine|añade|incluye|frase|aviso',
    'diz|diga|escreva|comece|encerre|adicione|inclua|rispondi|scrivi|inizia|concludi|aggiungi|zeg|antwoord|schrijf|begin|eindig|voeg',
    'powiedz|odpowiedz|napisz|zakończ|dodaj|скажи|отвечай|ответь|напиши|начни|заканчивай|добавь',
  ].join('|')})(?![\p{L}\p{N}])|回答|回复|說|说|结尾|添加|答え|言っ|返信|付け|追加|대답|답변|말하|추가`,
  'iu',
);
/** Words by which a prompt forbids that something is said. */
const NEVER =
  "never not don't don’t nie niemals nicht jamais pas nunca não mai non niet nooit nigdy никогда не";
const FORBIDS = new RegExp(
  String.raw`(?<!\p{L})(?:${NEVER.replaceAll(' ', '|')})(?!\p{L})|不要|绝不|ない`,
  'iu',
);
/** Marks that open a quotation, each with those that close it. */
const QUOTES: Readonly<Record<string, string>> = tableOf({
  '"': '"',
  '“': '”"',
  '„': '“”"',
  '«': '»',
  '»': '«',
  '「': '」',
  '『': '』',
  '`': '`',
});
/** Words that say that what comes behind a colon is meant to the letter. */
const LITERALLY = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${[
    'exactly|verbatim|literally|word for word',
    '(?:this|the following) (?:sentence|phrase|text|message|line|disclaimer|notice|words)',
    String.raw`(?:begin|start|end|close|finish|open|reply|respond|sign off)s? (?:\p{L}+ ){0,4}with`,
  ].join('|')})(?![\p{L}\p{N}])[^:\n]{0,80}:`,
  'iu',
);
/** Words by which a prompt tells that a text of its own is put into answers, or what such a text is called. */
const PLACES = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${[
    'say|says|repl(?:y|ies)|respon(?:d|se)s?|answers?|write|begin|start|end|close|finish|append|add|include|insert|put|place|quote|paste|use|sign(?:ature|[ -]?off)?',
    'greet(?:s|ings?)?|welcome|closing|opening|disclaimers?|notices?|footers?|headers?|templates?|boilerplate|canned|macros?|snippets?',
    'sage|sag|antworte?|antwort|schreibe?|beginne|beende|ende|schließe|füge|nutze|verwende|hinweis|begrüßung|vorlage|fußzeile',
    'dis|dites|répon(?:ds|dez|se)|écri(?:s|vez)|commencez?|terminez?|finissez|ajoutez?|mention|salutation|modèle|avertissement',
    'diga|responde|responda|respuesta|escribe|escriba|empieza|comienza|termina|termine|añade|añada|incluye|aviso|saludo|plantilla',
    'resposta|escreva|comece|encerre|adicione|inclua|saudação|modelo|risposta|rispondi|scrivi|inizia|concludi|aggiungi|saluto|modello',
    'antwoord|schrijf|eindig|voeg|groet|odpowiedz|odpowiedź|napisz|zakończ|dodaj|powitanie|szablon|ответ|отвечай|ответь|напиши|начни|заканчивай|добавь',
  ].join('|')})(?![\p{L}\p{N}])|回答|回复|结尾|添加|模板|返信|付け|追加|挨拶|대답|답변|추가`,
  'iu',
);
/** Words for what comes next. */
const FOLLOWING = new RegExp(
  [
    'following|below|\\bthis\\b|folgend|suivant|ci-dessous|siguiente|seguinte|seguente|volgende',
    'następując|следующ|以下|次の|다음',
  ].join('|'),
  'iu',
);
/** Words for what is meant for the system alone, whatever it is said about. */
const INWARD = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${[
    'rules?|guidelines?|polic(?:y|ies)|instructions?|system prompt|tone|style|assistant|chatbot|users?|confidential|secret|internal|reveal|disclose|private',
    'regeln?|anweisungen?|vertraulich|geheim|règles?|consignes?|confidentiel(?:le)?s?|secr[eè]te?s?|reglas?|instrucciones|confidencial|secreto|regole|istruzioni|regels',
  ].join('|')})(?![\p{L}\p{N}])|^\W{0,8}you are (?:an?|the)\b`,
  'iu',
);
/** How a sentence begins that tells a system what to do. */
const BEGINS_ORDER = new RegExp(
  String.raw`^[^\p{L}\p{N}{<[]{0,16}(?:\d{1,3}[.)]\s{0,4})?(?:please )?(?:${[
    "never|always|do not|don['’]t|only|answer|reply|respond|refuse|decline",
    'say|ask|offer|be|use|avoid|keep|act|pretend|speak|write|tell|mention|treat|escalate',
    'help|assist|greet|follow|stay|remember|ignore|make sure|ensure|check|limit|redirect|address|call|explain|summari[sz]e|translate|format|start|end|stop',
    'if (?:the|a|an|some|any|asked|they)|when(?:ever)? (?:the|a|an|some|any|asked|they)',
  ].join('|')})(?![\p{L}\p{N}])`,
  'iu',
);
/** What speaks to a system, or of what it must keep to itself; what only speaks to people, as a price list may, does not. */
const ADDRESSES = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${[
    "you(?:['’]re| are| act| answer| reply| speak| work| help| must| shall| should| never| always| only| will| do not| don['’]t| may not| cannot)",
    'your (?:role|task|job|name|goal|purpose|persona|answers?|repl(?:y|ies)|responses?|tone|output|instructions|rules)',
    'never|must not|should not|assistant|the users?|reveal|disclose|confidential|secret|internal|instructions?|act as|pretend',
  ].join('|')})(?![\p{L}\p{N}])`,
  'iu',
);
/** Words for what is not to get out. */
const SECRET = new RegExp(
  String.raw`(?<!\p{L})(?:${[
    'confidential|secret|internal|private|vertraulich|geheim|intern|confidentiel(?:le)?s?|internes?',
    'confidencial(?:es)?|interno|riservat[oaie]|vertrouwelijk',
  ].join('|')})(?!\p{L})`,
  'iu',
);
/** That all the prompt says is so; instructions are anyway. */
const ALL_SECRET = new RegExp(
  [
    String.raw`\b(?:above|everything|all of (?:this|it)|(?:this|these|the following) (?:information|facts|figures|prices|numbers|notes|data))\b`,
    String.raw`[^.!?\n]{0,80}\b(?:confidential|secret|internal|(?:never|not) (?:be |to be )?(?:shared?|disclosed?|revealed?|repeated?|quoted?))\b`,
    String.raw`|\b(?:never|do not|don't) (?:share|disclose|reveal|repeat|quote) (?:any of |anything of )?`,
    String.raw`(?:the above|this information|these (?:facts|figures|prices|numbers|notes))\b`,
  ].join(''),
  'iu',
);
/** A question of a list of them, and the answer to one. */
const LISTED = String.raw`^\s{0,8}(?:[*#-]{1,4}\s?)?(?:\*\*)?`;
const QUESTION = new RegExp(
  String.raw`${LISTED}(?:q|f|p|v|question|frage|pregunta|pergunta|domanda|vraag)\s?\d{0,3}\s?[:.)]`,
  'iu',
);
const ANSWER = new RegExp(
  String.raw`${LISTED}(?:a|r|answer|antwort|réponse|respuesta|resposta|risposta|antwoord)\s?\d{0,3}\s?[:.)]`,
  'iu',
);
/** A line that only parts a block from the rest. */
const FENCE = /^\s*(?:-{3,}|={3,}|\*{3,}|~{3,}|`{3,}\w{0,20}|"{3}|'{3})\s*$/;
const ELEMENT = /^\s{0,8}<(\p{L}[\w-]{0,40})>/u;
/** A line that is one element. */
const WHOLE_ELEMENT = /^\s{0,8}<(\p{L}[\w-]{0,40})>[^<]*<\/\1>/u;

/** Where what a line has said as it stands begins and ends in it, quotations and what a colon introduces. */
function saidIn(line: string): [start: number, end: number][] {
  const said: [number, number][] = [];
  let from = 0;
  for (let at = 0; at < line.length; at++) {
    const closing = QUOTES[line[at]!];
    if (closing === undefined) continue;
    let end = at + 1;
    while (end < line.length && !closing.includes(line[end]!)) end++;
    const before = line.slice(from, at);
    if (end < line.length && SAYS.test(before) && !FORBIDS.test(before)) said.push([at, end + 1]);
    at = end;
    from = Math.min(end + 1, line.length);
  }
  const literal = said.length === 0 ? LITERALLY.exec(line) : null;
  if (literal && !FORBIDS.test(line.slice(0, literal.index + literal[0].length)))
    said.push([literal.index + literal[0].length, line.length]);
  return said;
}

const SENTENCE = /(?<=[.!?。！？])\s/u;
/** Characters of what introduces a text, before its colon. */
const INTRODUCES_MAX = 160;
/** Elements of a prompt for which is looked whether they are to be said. */
const ELEMENTS_MAX = 16;

/** Whether a sentence has a text said that follows it, and not an order. */
const introduces = (sentence: string): boolean =>
  PLACES.test(sentence) && !FORBIDS.test(sentence) && !INWARD.test(sentence);

/** Whether a line gives an order of its own. */
const isOrder = (line: string): boolean => INWARD.test(line) || BEGINS_ORDER.test(line);

/** Where a text begins that a line introduces by a colon: at its end where that follows on the next lines; null without one. */
function introducedAt(line: string): number | null {
  const colon = /:(?=\s|$)|：/u.exec(line);
  if (!colon || colon.index > INTRODUCES_MAX) return null;
  const sentence = line.slice(0, colon.index).split(SENTENCE).at(-1)!;
  return introduces(sentence) && !isOrder(line.slice(colon.index + 1)) ? colon.index + 1 : null;
}

/** Names of elements that a prompt has put into answers: `Put the footer at the end`. */
function saidElements(lines: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const line of lines) {
    const name = ELEMENT.exec(line)?.[1];
    if (name && !INWARD.test(name) && names.size < ELEMENTS_MAX) names.add(name);
  }
  const said = new Set<string>();
  if (names.size === 0) return said;
  for (const line of lines)
    for (const sentence of line.replace(WHOLE_ELEMENT, '').split(SENTENCE)) {
      if (!introduces(sentence)) continue;
      const words = new Set(sentence.toLowerCase().split(/[^\p{L}\p{N}_-]/u));
      for (const name of names) if (words.has(name.toLowerCase())) said.add(name);
    }
  return said;
}

/** What of the lines of a prompt is said as it stands: from where on to where of each; an empty stretch where nothing is. */
type Said = [from: number, to: number];

/** The lines of the block that begins behind a line: what marks enclose, else all up to an empty line. */
function blockBehind(lines: readonly string[], line: number): number[] {
  let next = line + 1;
  while (next < lines.length && lines[next]!.trim() === '') next++;
  const fenced = next < lines.length && FENCE.test(lines[next]!);
  if (fenced) next++;
  const block: number[] = [];
  while (next < lines.length && (fenced ? !FENCE.test(lines[next]!) : lines[next]!.trim() !== ''))
    block.push(next++);
  return block;
}

/** Marks an element that begins in a line. @returns the line that it ends in */
function markElement(lines: readonly string[], from: number, name: string, said: Said[]): number {
  const closing = `</${name}>`;
  let line = from;
  while (line < lines.length && !lines[line]!.includes(closing)) said[line] = [0, lines[line++]!.length];
  if (line < lines.length) said[line] = [0, lines[line]!.indexOf(closing) + closing.length];
  return line;
}

/** What is said of each line: the answers of a list of questions, what a sentence before introduces, elements put into answers. */
function saidLines(lines: readonly string[]): Said[] {
  const said: Said[] = lines.map(({ length }) => [length, length]);
  const elements = saidElements(lines);
  let questioned = false;
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n]!;
    const element = ELEMENT.exec(line)?.[1];
    if (element && elements.has(element)) {
      n = markElement(lines, n, element, said);
      continue;
    }
    if (QUESTION.test(line) || (questioned && ANSWER.test(line))) {
      questioned = true;
      if (!INWARD.test(line)) said[n] = [0, line.length];
      continue;
    }
    if (line.trim() !== '') questioned = false;
    const at = introducedAt(line);
    if (at !== null && line.slice(at).trim() !== '') {
      said[n] = [at, line.length];
      continue;
    }
    const last = line.trimEnd().split(SENTENCE).at(-1)!;
    if (at === null && !(FOLLOWING.test(last) && introduces(last))) continue;
    const block = blockBehind(lines, n);
    // An order is none of it, and ends it.
    for (const one of block) {
      if (isOrder(lines[one]!)) break;
      said[one] = [0, lines[one]!.length];
      n = one;
    }
  }
  return said;
}

/** Lines that a prompt says are not to get out: one that says so, and the block behind it where it introduces one. */
function keptLines(lines: readonly string[]): Set<number> {
  const kept = new Set<number>();
  lines.forEach((line, n) => {
    const element = ELEMENT.exec(line)?.[1];
    const colon = element ? null : /[:：](?=\s|$)/u.exec(line);
    const head = element ?? (colon ? line.slice(0, colon.index) : line.trimEnd()).split(SENTENCE).at(-1)!;
    const heading = element !== undefined || /^\s{0,8}#{1,6}\s/.test(line);
    if (!colon && !heading && !FOLLOWING.test(head)) return;
    if (!SECRET.test(head) && !(FORBIDS.test(head) && PLACES.test(head))) return;
    kept.add(n);
    if (heading || !colon || line.slice(colon.index + 1).trim() === '')
      for (const one of blockBehind(lines, n)) kept.add(one);
  });
  return kept;
}

/**
 * The sentences of a system prompt, in stretches between what it has the system say as it stands, such as a disclaimer: an
 * answer with that does as it was told.
 */
export function promptStretches(prompt: string): PromptSentence[][] {
  const stretches: PromptSentence[][] = [[]];
  const lines = prompt.split('\n');
  const said = saidLines(lines);
  const kept = keptLines(lines);
  const allKept = ALL_SECRET.test(prompt);
  const isGrave = (sentence: string): boolean =>
    BEGINS_ORDER.test(sentence) || ADDRESSES.test(sentence) || isForeign(sentence.toLowerCase());
  const add = (text: string, secret: boolean): void => {
    for (const sentence of text.split(SENTENCE))
      stretches.at(-1)!.push({ text: sentence, orders: secret || isGrave(sentence) });
  };
  lines.forEach((line, n) => {
    const [start, end] = said[n]!;
    const secret = allKept || kept.has(n);
    const places = start < end && !kept.has(n) ? [[start, end] as const] : saidIn(line);
    let from = 0;
    for (const [begin, stop] of places) {
      add(line.slice(from, begin), secret);
      stretches.push([]);
      from = stop;
    }
    add(line.slice(from), secret);
  });
  return stretches;
}
