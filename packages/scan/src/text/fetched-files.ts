import { isNamedInstaller, isOnlyLocal, isStray } from './addresses.ts';
import { type CommandAct, commandAct } from './command-act.ts';
import { INTERPRETER, SHELL } from './fetch-and-run.ts';
import { KeptSecrets } from './kept-secrets.ts';

const FETCHER = /^(?:curl|wget|aria2c|iwr|invoke-webrequest|certutil|bitsadmin|start-bitstransfer)$/;
const PARTS = /&&|\|\||[;|&\n]|\b(?:then|do|RUN)\s/;
/** What surrounds a word: quotation marks, brackets. */
const AROUND = /^[\s"'`({\\!%]{1,8}|["'`)}\\]{1,8}$/g;
/** What stands before a command and is not one. */
const BEFORE =
  /^(?:sudo|doas|env|exec|nohup|setsid|time|command|busybox|start|call|if|!|-.*|\/[bckqs]|\w+=.*)$/is;
const SHELLS_OF_WINDOWS = /^(?:cmd|powershell|pwsh)$/i;
const SOURCES = /^(?:source|\.)$/;
/** Programs by their names, which Windows runs without a path. */
const PROGRAM = /\.(?:exe|bat|cmd|com|ps1|sh|vbs|hta)$/i;
/** Options that the name of a file follows. */
const OUTPUT = /^(?:-{1,2}(?:output|output-document|outfile|out|destination)|-[a-zA-Z]{0,12}o)$/i;
const REMOTE_NAME = /^(?:--remote-name|-[a-zA-Z]{0,12}O)$/;
const GLUED = /^(?:--output(?:-document)?=|-[oO](?=.)|\d?>{1,2}(?=.))(.{1,1024})$/;
const ADDRESS = /:\/\//;
/** What says less than that a fetched program is run. */
const LESS: ReadonlySet<CommandAct> = new Set(['installer', 'connects', 'disguised', 'stays']);
const WORDS_MAX = 256;
const FILES_MAX = 10_000;

/** The last part of a path or address. */
const nameOf = (word: string): string => word.split(/[?#]/, 1)[0]!.split(/[/\\]/).at(-1)!;
const programOf = (word: string): string => nameOf(word).replace(/\.exe$/i, '');

/** The files that a command writes what it fetches to. @param at where its words begin */
function filesOf(words: readonly string[], at: number): string[] {
  const fetcher = programOf(words[at]!).toLowerCase();
  const given = words.slice(at + 1);
  const named: string[] = [];
  for (const [index, word] of given.entries()) {
    const next = given[index + 1];
    const glued = GLUED.exec(word)?.[1];
    if (glued !== undefined) named.push(glued);
    // `-O` of curl takes the name from the address.
    else if (next !== undefined && (OUTPUT.test(word) || /^\d?>{1,2}$/.test(word)))
      if (!(fetcher === 'curl' && REMOTE_NAME.test(word))) named.push(next);
  }
  if (named.length > 0) return named;
  if (fetcher === 'certutil' || fetcher === 'bitsadmin') return given.slice(-1);
  if (fetcher === 'curl' && !given.some((word) => REMOTE_NAME.test(word))) return [];
  return given.filter((word) => ADDRESS.test(word));
}

/** The words of a command that may name the file it runs. */
function ranBy(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => !BEFORE.test(word) && !SHELLS_OF_WINDOWS.test(programOf(word)));
  const first = words[at];
  if (first === undefined) return [];
  const name = programOf(first);
  if (!SHELL.test(name) && !INTERPRETER.test(name) && !SOURCES.test(first))
    return /[/\\]/.test(first) || PROGRAM.test(first) ? [first] : [];
  const next = words.findIndex((word, index) => index > at && !word.startsWith('-'));
  if (next < 0) return [];
  // Of `sh -c "x; y"` the first word of the text is the command.
  return words[next - 1] === '-c' ? ranBy(words.slice(next)) : [words[next]!];
}

/** Reads lines of commands one after another, and remembers the files that they fetch. */
export class CommandReader {
  /** By the last part of its name: whether it comes from a host with a name over TLS. */
  readonly #fetched = new Map<string, boolean>();
  readonly #cloned = new Set<string>();
  /** Whether commands run within such a folder. */
  #isWithin = false;
  readonly #kept = new KeptSecrets();
  readonly #assigned: () => ReadonlyMap<string, string>;

  /** @param assigned addresses that names of the text around them stand for */
  constructor(assigned: () => ReadonlyMap<string, string> = () => new Map()) {
    this.#assigned = assigned;
  }

  /** What a line does that no harmless one does, or few: a program that an earlier one fetched to a file is run. */
  act(line: string): CommandAct | null {
    return this.read(line).act;
  }

  /** The same, and whether it is for what the line or an earlier one fetched to a file. */
  read(line: string): { readonly act: CommandAct | null; readonly isLater: boolean } {
    const later = this.later(line);
    const act = this.#act(line);
    const isLess = act !== null && LESS.has(act);
    const isLater = act === null || (isLess && later === 'fetched');
    return isLater ? { act: later, isLater } : { act, isLater };
  }

  #act(line: string): CommandAct | null {
    const told = this.#kept.read(line);
    const act = commandAct(line, this.#assigned);
    // What is kept in a variable or file is told where the line alone tells nothing, or less.
    return told === line || (act !== null && !LESS.has(act))
      ? act
      : (commandAct(told, this.#assigned) ?? act);
  }

  /**
   * Whether a line runs what it or an earlier one fetched to a file: `installer` where that came from a host with a name.
   * @param notes whether what the line fetches is remembered
   */
  later(line: string, notes = true): 'fetched' | 'installer' | null {
    if (!notes && this.#fetched.size === 0) return null;
    let found: 'fetched' | 'installer' | null = null;
    for (const part of line.split(PARTS)) {
      const words = part
        .trim()
        .split(/\s+/, WORDS_MAX)
        .map((word) => word.replace(AROUND, ''))
        .filter((word) => word !== '');
      for (const word of this.#fetched.size > 0 ? ranBy(words) : []) {
        const isNamed = this.#fetched.get(nameOf(word));
        if (isNamed !== undefined && found !== 'fetched') found = isNamed ? 'installer' : 'fetched';
      }
      if (found !== 'fetched' && this.#runsCloned(words)) found = 'fetched';
      if (!notes) continue;
      this.#noteClone(words);
      const at = words.findIndex((word) => FETCHER.test(programOf(word).toLowerCase()));
      if (at >= 0) this.#noteAll(part, filesOf(words, at));
    }
    return found;
  }

  /** Remembers the folder of sources from a host by number, or from where anyone leaves something. */
  #noteClone(words: readonly string[]): void {
    const at = words.indexOf('clone');
    const address =
      at > 0 && programOf(words[at - 1]!) === 'git' ? words.findIndex((one) => ADDRESS.test(one)) : -1;
    if (address < 0 || !isStray(words[address]!) || this.#cloned.size >= FILES_MAX) return;
    this.#cloned.add(nameOf(words[address + 1] ?? words[address]!.replace(/\.git$/, '')));
  }

  #runsCloned(words: readonly string[]): boolean {
    if (this.#cloned.size === 0) return false;
    const inCloned = (path: string): boolean => path.split(/[/\\]/).some((one) => this.#cloned.has(one));
    if (words[0] === 'cd' && inCloned(words[1] ?? '')) this.#isWithin = true;
    return ranBy(words).some((path) => inCloned(path) || (this.#isWithin && !/^[/~$]/.test(path)));
  }

  #noteAll(part: string, files: readonly string[]): void {
    if (files.length === 0 || isOnlyLocal(part)) return;
    const isNamed = isNamedInstaller(part, this.#assigned);
    for (const file of files) this.note(file, isNamed);
  }

  /** Remembers a file. @param isNamed whether it comes from a host with a name over TLS */
  note(file: string, isNamed: boolean): void {
    const name = nameOf(file);
    if (name === '' || name === '-' || this.#fetched.size >= FILES_MAX) return;
    this.#fetched.set(name, isNamed && this.#fetched.get(name) !== false);
  }
}
