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
/** Words that speak to a system, or of what it must keep to itself. */
const ADDRESSES = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${[
    "you|your|yourself|never|always|must|do not|don['’]t|should|shall|only|assistant|respond|reply|answer",
    'reveal|mention|disclose|confidential|secret|internal|instructions?|act as|pretend|role',
  ].join('|')})(?![\p{L}\p{N}])`,
  'iu',
);

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

/**
 * The sentences of a system prompt, in stretches between what it has the system say as it stands, such as a disclaimer: an
 * answer with that does as it was told.
 */
export function promptStretches(prompt: string): PromptSentence[][] {
  const stretches: PromptSentence[][] = [[]];
  const add = (text: string): void => {
    for (const sentence of text.split(SENTENCE))
      stretches.at(-1)!.push({
        text: sentence,
        orders: ADDRESSES.test(sentence) || isForeign(sentence.toLowerCase()),
      });
  };
  for (const line of prompt.split('\n')) {
    let from = 0;
    for (const [start, end] of saidIn(line)) {
      add(line.slice(from, start));
      stretches.push([]);
      from = end;
    }
    add(line.slice(from));
  }
  return stretches;
}
