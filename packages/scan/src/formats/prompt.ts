import { Inspector } from '@sallyport/guard';
import type { Inspection, Place } from '../inspection.ts';
import { inspectTemplate } from '../templates/inspect-template.ts';
import { commandLines } from '../text/fetch-and-run.ts';
import { CommandReader } from '../text/fetched-files.ts';
import { type Json, textsIn } from '../text/json.ts';
import { lineFinder } from '../text/lines.ts';
import { decodeText } from '../text/text-encoding.ts';
import { parseYaml } from '../text/yaml.ts';
import { keyOf, reportCommand, reportGivenCode } from './command-reports.ts';
import { OF_ITSELF, TOLD } from './command-told.ts';
import type { Format } from './format.ts';
import { hiddenParts, orderedBy, type Part } from './hidden-text.ts';
import { OF_ADVICE, reportPython } from './python-acts.ts';
import { ordersIn } from './skill-orders.ts';
import { isThere } from './text-formats.ts';

/** Longer texts are no prompts that anybody wrote. */
const PROMPT_BYTES_MAX = 2 * 1024 * 1024;
/** Longest description of a tool. */
const DESCRIPTION_MAX = 256 * 1024;
/** Characters that no rendering shows, in all, about which the model is asked; shorter ones order nothing. */
const HIDDEN_MAX = 256 * 1024;
const SAID_MIN = 20;
/** Readings that decoding made out of characters nobody sees. */
const UNSEEN = /^tags/;
const LETTERS_HIDDEN_MIN = 4;

/** Instructions that assistants and agents take up by themselves, and prompts by where they lie. */
const NAMES =
  /(?:^|[/!])(?:agents(?:\.override)?|claude(?:\.local)?|gemini|warp|conventions|llms(?:-full)?|copilot-instructions|skill|system[_-]?prompt[\w-]*|prompt)\.(?:md|txt)$|(?:^|[/!])\.(?:cursor|windsurf|cline|roo|goose)(?:rules|hints)$|\.(?:mdc|prompty|prompt|(?:prompt|instructions|chatmode|agent)\.md)$|(?:^|[/!])prompts?\/(?:[^/]+\/){0,8}[^/]+\.(?:md|txt|tmpl|tpl|ya?ml|json|toml|xml)$|(?:^|[/!])\.(?:cursor|windsurf|cline|clinerules|claude|codex|gemini|roo|kiro|junie|amazonq|augment|continue|trae|agents?)\/(?:[^/]+\/){0,8}[^/]+\.(?:md|txt)$/;

/** Whether a file is a prompt by where it lies. */
export const isPromptPath = (path: string): boolean => NAMES.test(path.replaceAll('\\', '/').toLowerCase());

let rules: Inspector | undefined;

/** Prompts, and files of rules that assistants read: what they say to a model that their readers do not see. */
export const prompt: Format = {
  name: 'prompt',
  recognise: (probe) => isThere(probe) && isPromptPath(probe.inspection.path),
  inspect: (inspection) => {
    const { source } = inspection;
    if (source.size > PROMPT_BYTES_MAX)
      inspection.report('too-much', 'is a prompt that is longer than is read');
    const text = decodeText(source.read(0, PROMPT_BYTES_MAX));
    const lineAt = lineFinder(text);
    inspectPrompt(inspection, text, (offset) => ({ line: lineAt(offset) }));
    inspectCommands(inspection, text, lineAt);
    inspectAdvice(inspection, text, (line) => ({ line }));
    inspectOrders(inspection, text, (offset) => ({ line: lineAt(offset) }));
    inspectPythonIn(inspection, text, lineAt);
    if (inspection.name.endsWith('.prompty')) inspectTemplate(inspection, text, {});
  },
};

/** A command whose output an agent puts in place of it before it reads the rest. */
const RUN_FIRST = /!`([^`\n]{1,4096})`/g;
const ALIASES_MAX = 100;

/** What stands between lines of three dashes at the top, where it does. */
function frontMatter(text: string): string | null {
  if (!/^\ufeff?---\r?\n/.test(text)) return null;
  const end = text.indexOf('\n---', 3);
  return end < 0 ? null : text.slice(text.indexOf('\n') + 1, end + 1);
}

/** Commands that an agent runs when it takes up a file: those in its text, and those of hooks and servers of tools at its top. */
function inspectCommands(inspection: Inspection, text: string, lineAt: (offset: number) => number): void {
  for (const { 1: command, index } of text.matchAll(RUN_FIRST))
    reportCommand(inspection, command!, { line: lineAt(index) });
  const front = frontMatter(text);
  if (front === null) return;
  if (reportCommand(inspection, front, { line: 1 })) return;
  try {
    for (const { value } of parseYaml(front, ALIASES_MAX))
      for (const { text: command, pointer } of textsIn(value as Json, (one) => one.length > 8))
        reportCommand(inspection, command, { line: 1, pointer });
  } catch {
    // Rules of editors have patterns there that are no YAML (`globs: *.ts`): as lines they were looked at.
  }
}

/** A URL, an address in figures, a host with a path, or a variable that holds one. */
const NAMES_ADDRESS = /:\/\/|\d\.\d{1,3}\.\d|\.[a-z]{2,24}\/|\$[\w{(]/i;
/** Marks of headings, lists and quotations before a line. */
const MARKS = /^[\s>#*+-]{1,64}/;

/** Commands that a text tells an agent or its reader to run. */
function inspectAdvice(inspection: Inspection, text: string, placeOf: (line: number) => Place): void {
  const reader = new CommandReader();
  const told = new Set<string>();
  const spoken = text.replaceAll(/^[ \t>]{0,16}#/gm, '-');
  for (const { line, number } of commandLines(spoken)) {
    const { act, isLater } = reader.read(line.replace(MARKS, ''));
    if (act === null || act === 'destroys' || OF_ITSELF.has(act)) continue;
    // Where it names no address, it is spoken of and not run: "never `curl … | sh`".
    if (act === 'fetched' && !isLater && !NAMES_ADDRESS.test(line)) continue;
    inspection.report(...TOLD[act], placeOf(number));
    told.add(keyOf(TOLD[act][0], number));
  }
  reportGivenCode(inspection, spoken, (line) => ({ line }), told, OF_ADVICE);
}

/** Code of Python between fences. */
const PYTHON_BLOCK = /^[ \t>]{0,16}(`{3}|~{3})[ \t]{0,8}(?:python[\d.]{0,6}|py)\b[^\n]{0,256}\n/gim;

/** Python that a text tells an agent or its reader to run. */
function inspectPythonIn(inspection: Inspection, text: string, lineAt: (offset: number) => number): void {
  let end = 0;
  for (const match of text.matchAll(PYTHON_BLOCK)) {
    const start = match.index + match[0].length;
    if (match.index < end) continue;
    const close = text.indexOf(`\n${match[1]!}`, start - 1);
    end = close < 0 ? text.length : close;
    const line = lineAt(match.index);
    reportPython(inspection, text.slice(start, end), () => ({ line }), false, OF_ADVICE);
  }
}

/** What a text orders as attacks on agents do. */
function inspectOrders(inspection: Inspection, text: string, placeAt: (offset: number) => Place): void {
  for (const { does, isUsual, start } of ordersIn(text))
    inspection.report(
      isUsual ? 'prompt-order' : 'prompt-harm',
      `tells an agent or its reader to ${does}`,
      placeAt(start),
    );
}

/** The description of a tool, which a model takes for the word of its operator, and people seldom see. */
export function inspectDescription(inspection: Inspection, text: string, place: Place): void {
  if (text.length > DESCRIPTION_MAX)
    return inspection.report('too-much', 'describes a tool at more length than is read', place);
  inspectPrompt(inspection, text, () => place);
  inspectAdvice(inspection, text, () => place);
  inspectOrders(inspection, text, () => place);
  if (orderedBy(text) === 'surely')
    inspection.report('prompt-order', 'gives an order as attacks do, by the model of the guard', place);
}

/** Asks the guard's model about what no rendering shows. */
function inspectHidden(
  inspection: Inspection,
  text: string,
  parts: readonly Part[],
  placeAt: (offset: number) => Place,
): void {
  let left = HIDDEN_MAX;
  for (const { start, end } of parts) {
    left -= end - start;
    if (left < 0 || inspection.budget.outOfTime)
      return inspection.report('too-much', 'hides more text than is read', placeAt(start));
    const said = text
      .slice(start, end)
      .replaceAll(/<!--|-->|^[ \t]{0,3}\[[^\]]{1,8}\]:\s{0,8}(?:#|<>)/g, ' ')
      .trim();
    if (said.length >= SAID_MIN && orderedBy(said) === 'surely')
      inspection.report('prompt-unseen', 'gives an order where no rendering shows it', placeAt(start));
  }
}

/** Tells what a text that a model takes up says that its readers do not see, and orders as attacks give them. @param placeAt the place of an offset */
export function inspectPrompt(
  inspection: Inspection,
  text: string,
  placeAt: (offset: number) => Place,
): void {
  rules ??= new Inspector();
  const { detections, views } = rules.assess({ text, pointer: '', channel: 'document' });
  const comments = hiddenParts(text);
  inspectHidden(inspection, text, comments, placeAt);
  const unseen = views.find(
    ({ chain, text: reading }) => UNSEEN.test(chain) && reading.trim().length >= LETTERS_HIDDEN_MIN,
  );
  if (unseen)
    inspection.report(
      'prompt-unseen',
      'holds a text in invisible characters',
      placeAt(unseen.span(0, unseen.text.length).start),
    );
  let next = 0;
  for (const { detector, technique, location, view } of detections.toSorted(
    (a, b) => a.location.start - b.location.start,
  )) {
    const place = placeAt(location.start);
    while (next < comments.length && comments[next]!.end <= location.start) next++;
    const comment = comments[next];
    const isComment = comment && comment.start <= location.start && location.end <= comment.end;
    if (detector === 'secret') inspection.report('prompt-secret', `holds a secret (${technique})`, place);
    else if (detector === 'obfuscation' && !unseen)
      inspection.report('prompt-characters', 'holds invisible characters', place);
    else if (detector === 'injection' && (view !== undefined || isComment))
      inspection.report(
        'prompt-unseen',
        `gives an order (${technique}) ${isComment ? 'in a comment, which no rendering shows' : `under an encoding (${view})`}`,
        place,
      );
    else if (detector === 'injection')
      inspection.report('prompt-order', `gives an order as attacks do (${technique})`, place);
  }
}
