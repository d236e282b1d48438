import { type CommandAct, commandAct } from '../text/command-act.ts';
import { CommandReader } from '../text/fetched-files.ts';
import { givenCode } from '../text/given-code.ts';
import { filled } from './joined.ts';
import { computedBy, fetchedFrom, isOfPicture, Programs, type Ran } from './programs.ts';
import { type Call, PythonReader } from './reader.ts';
import { secretsOf, sentBy } from './secrets.ts';
import {
  canonical,
  Names,
  NOTHING,
  ORIGIN,
  originOf,
  TEMPORARY,
  type Value,
  valueFrom,
  withoutSecret,
  wordsOf,
} from './values.ts';

/** What Python may do that is told, and `unread` where a limit leaves something out: all of it is in `inspectPython`. */
export type PythonAct =
  | 'decoded'
  | 'fetched'
  | 'installer'
  | 'fetched-object'
  | 'machine-code'
  | 'shell-elsewhere'
  | 'sent-away'
  | 'destroys'
  | 'reaches-out'
  | 'unread';

/** What runs a text as Python. */
const RUNS = /^(?:exec|eval|execfile|code\.interact|types\.FunctionType|runpy\.run_code)$/;
const IMPORTS = /^(?:__import__|importlib\.(?:import_module|__import__))$/;
/** What runs a text as commands. */
const OF_SYSTEM = /^os\.(?:system|popen\d?|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?)$/;
const OF_PROCESSES =
  /^(?:subprocess\.(?:run|call|Popen|check_call|check_output|get(?:status)?output)|pty\.spawn)$/;
const OF_OTHERS =
  /^(?:commands\.get(?:status)?output|asyncio\.(?:subprocess\.)?create_subprocess_(?:shell|exec))$/;
const OF_NOTEBOOKS = /^get_ipython\(\)\.(?:system|getoutput|run_cell_magic|run_line_magic)$/;
/** Whether a function runs a text as commands. */
export const isCommand = (path: string): boolean =>
  OF_SYSTEM.test(path) || OF_PROCESSES.test(path) || OF_OTHERS.test(path) || OF_NOTEBOOKS.test(path);
const OF_BASES =
  /^base64\.(?:(?:urlsafe_|standard_)?b(?:64|32|16|85)(?:hex)?decode|a85decode|decode(?:bytes|string))$/;
const OF_CODECS =
  /^(?:binascii\.(?:unhexlify|a2b_\w+)|(?:bytes|bytearray)\.fromhex|codecs\.decode|marshal\.loads?)$/;
const OF_PACKING = /^(?:zlib|gzip|bz2|lzma)\.decompress$/;
const decodes = (path: string): boolean =>
  OF_BASES.test(path) || OF_CODECS.test(path) || OF_PACKING.test(path);
const OF_CLIENTS = /^(?:requests|httpx|niquests|aiohttp)\.(?:get|post|put|request)$/;
const OF_SESSIONS =
  /^(?:requests|httpx|niquests|aiohttp)\.(?:[sS]ession|(?:Async)?Client|ClientSession)\(\)\.(?:get|post|put|request)$/;
const OF_CONNECTIONS = /^(?:http\.client|httplib)\.HTTPS?Connection\(\)\.getresponse$/;
const OF_ADDRESSES =
  /^(?:(?:six\.moves\.)?urllib\.request|urllib2?)\.urlopen$|^urllib3\.(?:PoolManager\(\)\.)?request$/;
const fetches = (path: string): boolean =>
  [OF_CLIENTS, OF_SESSIONS, OF_ADDRESSES, OF_CONNECTIONS].some((one) => one.test(path));
const LOADS_OBJECTS = /^(?:c?[Pp]ickle|_pickle|dill|cloudpickle|joblib|torch)\.loads?$/;
/** Modules and functions that run things, as a stream of objects names them. */
const IN_STREAM: readonly RegExp[] = [
  /(?:^|[^A-Za-z.])c?(?:os|posix|nt|subprocess|builtins|__builtin__|runpy|importlib|pty|shutil|ctypes)[^A-Za-z.]/,
  /[^A-Za-z.](?:system|popen|spawn|exec|eval|Popen|call|check_|run|getoutput|__import__|import_module|rmtree|CDLL)/,
];
const WRITES = /\.(?:write|writelines|write_bytes|write_text)$/;
/** What names a file, and keeps its name. */
const OF_FILES = /^(?:open|io\.open|os\.path\.\w+|(?:pathlib\.)?(?:Path|PurePath))$/;
const TEMPORARY_FILES = /^tempfile\.(?:mktemp|mkstemp)$/;
/** Characters of a text of the source that hold more than a name. */
const EMBEDDED_MIN = 16;
const OPENS_SOCKETS = /^socket\.(?:socket|create_connection)$/;
/** What tells of a value no more than a number. */
const MEASURES = /^(?:len|int|float|bool|isinstance|type|hash|id|print|hashlib\.\w+)$/;

const isAct = (path: string): boolean =>
  RUNS.test(path) || IMPORTS.test(path) || isCommand(path) || decodes(path) || fetches(path);

/** What commands in a text do, as it is told of Python. */
const OF_COMMANDS: Readonly<Record<CommandAct, PythonAct | null>> = {
  fetched: 'fetched',
  installer: 'fetched',
  decoded: 'decoded',
  'shell-elsewhere': 'shell-elsewhere',
  'sent-away': 'sent-away',
  destroys: 'destroys',
  connects: null,
  disguised: null,
  'key-planted': null,
  stays: null,
};
/** Tools that tell of this machine or of the sources, or build them: what installers of packages ask. */
const LOCAL_TOOLS: ReadonlySet<string> = new Set(
  (
    'nvcc hipcc gcc g++ cc c++ clang clang++ cmake make ninja meson pkg-config llvm-config mpicc rustc cargo swig protoc cython ' +
    'uname arch nvidia-smi rocm-smi rocminfo sw_vers xcrun xcode-select which ldconfig lscpu sysctl'
  ).split(' '),
);
const GIT_TELLS: ReadonlySet<string> = new Set(
  'rev-parse describe log status submodule diff ls-files rev-list symbolic-ref show branch tag --version'.split(
    ' ',
  ),
);

function runsLocalTool(words: string): boolean {
  const [tool = '', first = ''] = words.split(/\s+/, 2);
  return (tool === 'git' ? GIT_TELLS.has(first) : LOCAL_TOOLS.has(tool)) && !/[;&|`$<>\n]/.test(words);
}

/** Texts within each other that are run as Python. */
const SOURCES_DEPTH_MAX = 3;
const SOURCES_CHARACTERS_MAX = 1024 * 1024;
/** Characters of a text that is put together from others. */
const JOINED_MAX = 16 * 1024 * 1024;

/** What names stand for before anything is read. */
export const pythonNames = (): Names => new Names(isAct);

/**
 * Tells what Python does with code that it decodes or fetches, and with the commands in it, by whichever name it calls what does so.
 * What a function is handed by its callers is not followed.
 * @param tell given each act with the offset of its statement
 * @param goOn asked between statements
 * @param seen told each name that is called or mentioned, as the module has it that it comes from; the call is null where there is none
 * @param names what names stand for, where more than one text shares them
 */
export function inspectPython(
  source: string,
  tell: (act: PythonAct, offset: number) => void,
  goOn: () => boolean,
  seen?: (path: string, call: Call | null, offset: number) => void,
  names = pythonNames(),
): void {
  let spent = 0;
  const read = (text: string, depth: number, outer: number | null): void => {
    const judge = new Judge(
      names,
      (act, offset) => tell(act, outer ?? offset),
      (code, offset) => {
        spent += code.length;
        if (depth < SOURCES_DEPTH_MAX && spent <= SOURCES_CHARACTERS_MAX)
          read(code, depth + 1, outer ?? offset);
        else tell('unread', outer ?? offset);
      },
    );
    new PythonReader(
      names,
      (call) => {
        seen?.(canonical(call.path ?? ''), call, outer ?? call.offset);
        return judge.call(call);
      },
      (offset) => tell('unread', outer ?? offset),
      (module, offset) => judge.imports(module, offset),
      seen && ((path, offset) => seen(canonical(path), null, outer ?? offset)),
    ).read(text, goOn);
  };
  read(source, 0, null);
  if (!names.isWhole) tell('unread', 0);
}

class Judge {
  readonly #tell: (act: PythonAct, offset: number) => void;
  readonly #runs: (code: string, offset: number) => void;
  readonly #names: Names;
  readonly #programs = new Programs();
  /** The same of files that are written out of a text of the source. */
  readonly #unpacked = new CommandReader();

  constructor(
    names: Names,
    tell: (act: PythonAct, offset: number) => void,
    runs: (code: string, offset: number) => void,
  ) {
    this.#names = names;
    this.#tell = tell;
    this.#runs = runs;
  }

  /** A module that a statement imports. */
  imports(module: string, offset: number): void {
    this.#ran(this.#programs.imported(module), offset);
  }

  #ran(ran: Ran, offset: number): void {
    if (ran !== null) this.#tell(ran, offset);
  }

  call(call: Call): Value {
    const { args, named } = call;
    const path = canonical(call.path ?? '');
    this.#programs.note(path, call);
    this.#ran(this.#programs.ran(path, call), call.offset);
    if (this.#programs.runsMemory(path)) this.#tell('machine-code', call.offset);
    this.#act(path, call);
    if (sentBy(path, call) & ORIGIN.secret) this.#tell('sent-away', call.offset);
    // Whoever is handed a function that runs things may run the rest with it.
    const handed = [...args, ...named.values()];
    for (const one of handed) {
      const inner = canonical(one.path ?? '');
      if (inner === '' || inner.endsWith('()') || !(RUNS.test(inner) || isCommand(inner))) continue;
      const others = handed.filter((other) => other !== one).flatMap((other) => other.items ?? [other]);
      this.#act(inner, { ...call, args: others });
    }
    const result = this.#result(path, call, originOf(handed));
    const origin = withoutSecret(result.origin) | this.#names.returnedBy(path) | computedBy(path, call);
    return { ...result, origin: origin | secretsOf(path, call) };
  }

  #act(path: string, { of, args, named, offset }: Call): void {
    const [first = NOTHING] = args;
    this.#noteFile(path, of, args);
    if (RUNS.test(path)) {
      const { origin } = first;
      if (origin & (ORIGIN.decoded | ORIGIN.computed | ORIGIN.picture) || isOfPicture(first))
        this.#tell('decoded', offset);
      if (origin & ORIGIN.fetched) this.#tell('fetched', offset);
      if (origin & ORIGIN.cut) this.#tell('unread', offset);
      if (first.text !== null) this.#runs(first.text, offset);
    } else if (IMPORTS.test(path)) {
      if (first.origin & ORIGIN.decoded) this.#tell('decoded', offset);
      if (first.text !== null) this.imports(first.text, offset);
    } else if (isCommand(path)) {
      const words = args.map(wordsOf).join(' ');
      if (originOf(args) & ORIGIN.cut) this.#tell('unread', offset);
      for (const line of words.split('\n')) {
        const act = OF_COMMANDS[commandAct(line) ?? 'connects'];
        if (act) this.#tell(act, offset);
        this.#ran(this.#programs.fetched.later(line), offset);
        if (this.#unpacked.later(line, false) !== null) this.#tell('decoded', offset);
      }
      for (const { language, code } of givenCode(words)) if (language === 'python') this.#runs(code, offset);
      this.#words(first, offset);
      const isHidden =
        first.origin & ORIGIN.decoded || (first.text === null && first.origin & ORIGIN.computed);
      if (!first.items && isHidden) this.#tell('decoded', offset);
      const input = named.get('stdin')?.origin ?? 0;
      if (input & ORIGIN.socket) this.#tell('shell-elsewhere', offset);
    } else if (LOADS_OBJECTS.test(path)) {
      if ((first.origin & (ORIGIN.fetched | ORIGIN.returned)) === ORIGIN.fetched)
        this.#tell('fetched-object', offset);
      if (IN_STREAM.every((one) => one.test(first.text ?? ''))) this.#tell('decoded', offset);
    } else if (path === 'os.dup2' && first.origin & ORIGIN.socket) this.#tell('shell-elsewhere', offset);
    const isLocal = isCommand(path) && runsLocalTool(args.map(wordsOf).join(' '));
    if (
      (isCommand(path) && !isLocal) ||
      fetches(path) ||
      OPENS_SOCKETS.test(path) ||
      /^urllib\.request\./.test(path)
    )
      this.#tell('reaches-out', offset);
  }

  /** Words of a command that hand Python to itself: `[sys.executable, '-c', code]`. */
  #words({ items = [] }: Value, offset: number): void {
    const at = items.findIndex(({ text }) => text === '-c');
    const code = items[at + 1];
    if (
      at < 1 ||
      code === undefined ||
      !/^(?:.*[/\\])?python[\d.]{0,6}$/s.test(wordsOf({ ...NOTHING, items: [items[0]!] }))
    )
      return;
    if (code.origin & ORIGIN.decoded) this.#tell('decoded', offset);
    if (code.origin & ORIGIN.fetched) this.#tell('fetched', offset);
    if (code.text !== null) this.#runs(code.text, offset);
  }

  /** Remembers a file that something is written to which the source carries under an encoding. */
  #noteFile(path: string, of: Value, [first = NOTHING]: readonly Value[]): void {
    if (!WRITES.test(path) || !(first.origin & ORIGIN.embedded)) return;
    this.#unpacked.note(of.path?.includes('NamedTemporaryFile()') ? TEMPORARY : (of.text ?? ''), true);
  }

  #result(path: string, call: Call, handed: number): Value {
    const { of, args } = call;
    const [first = NOTHING, second = NOTHING] = args;
    if (path === 'getattr' && second.text !== null)
      return valueFrom(first.path === null ? null : `${first.path}.${second.text}`, first.origin);
    if (IMPORTS.test(path) && first.text !== null)
      return valueFrom(path === '__import__' ? first.text.split('.')[0]! : first.text);
    if (path === 'vars' || path === 'globals' || path === 'locals')
      return valueFrom(path === 'vars' && args.length > 0 ? first.path : '(names)');
    if (path === 'functools.partial' && first.path !== null) return first;
    if (path === 'chr') return character(first);
    if (path === 'str' || path === 'compile' || path === 'bytes') {
      const isSpelled = path === 'bytes' && first.items !== undefined;
      return isSpelled ? valueFrom(null, handed | ORIGIN.decoded) : { ...first, path: null };
    }
    if (decodes(path)) return decoded(path, first, handed);
    if (OF_FILES.test(path)) {
      const said = args.slice(0, path === 'os.path.join' ? undefined : 1).map((one) => one.text ?? '…');
      return valueFrom(
        `${path}()`,
        of.origin | handed | this.#programs.originOfFile(path, first),
        said.some((one) => one !== '…') ? said.join('/') : null,
      );
    }
    if (fetches(path)) return valueFrom(`${path}()`, handed | fetchedFrom(call));
    if (/\.Request$/.test(path)) return valueFrom(`${path}()`, handed, first.text);
    if (TEMPORARY_FILES.test(path)) return valueFrom(`${path}()`, handed, TEMPORARY);
    if (path === 'map' && first.path === 'chr') return valueFrom(null, handed | ORIGIN.characters);
    if (OPENS_SOCKETS.test(path)) return valueFrom(`${path}()`, ORIGIN.socket);
    if (of.origin & ORIGIN.socket && /\.recv(?:from)?$/.test(path)) return valueFrom(null, ORIGIN.fetched);
    if (isCommand(path) && /\b(?:curl|wget)\b/.test(args.map(wordsOf).join(' ')))
      return valueFrom(`${path}()`, ORIGIN.fetched);
    if (of.text !== null && (path.startsWith('.') || decodes(path.replace(/\(\)\.decode$/, ''))))
      return textMethod(/\.\w+$/.exec(path)?.[0] ?? path, of, args, handed);
    if (MEASURES.test(path)) return valueFrom(`${path}()`);
    return valueFrom(`${path}()`, of.origin | handed);
  }
}

/** What comes of decoding; what it says where that stands in the source. */
function decoded(path: string, { text }: Value, handed: number): Value {
  const origin = handed | ORIGIN.decoded;
  if (text === null) return valueFrom(`${path}()`, origin);
  const isHex = path.includes('hex');
  const said =
    isHex || /b64decode|a2b_base64|decode(?:bytes|string)$/.test(path)
      ? Buffer.from(text.replace(/\s+/g, ''), isHex ? 'hex' : 'base64').toString('latin1')
      : null;
  return valueFrom(`${path}()`, text.length < EMBEDDED_MIN ? origin : origin | ORIGIN.embedded, said);
}

/** `chr(111)`. */
function character({ text, origin }: Value): Value {
  const code = Number(text ?? Number.NaN);
  const isOne = Number.isInteger(code) && code >= 0 && code <= 0x10ffff;
  return valueFrom(null, origin | ORIGIN.characters, isOne ? String.fromCodePoint(code) : null);
}

/** What comes of a method of a text. */
function textMethod(path: string, of: Value, args: readonly Value[], handed: number): Value {
  const [first = NOTHING, second = NOTHING] = args;
  const text = of.text!;
  if (path === '.join') {
    const items = first.items ?? [];
    if (items.length * text.length > JOINED_MAX) return valueFrom(null, handed | ORIGIN.cut);
    const isSpelled = (handed & ORIGIN.characters) !== 0;
    const isKnown = items.length > 0 && items.every((item) => item.text !== null);
    return valueFrom(
      null,
      handed | (isSpelled ? ORIGIN.decoded : 0),
      isKnown ? items.map((item) => item.text).join(text) : null,
    );
  }
  if (path === '.format') return valueFrom(null, of.origin | handed, filled(text, /\{\w{0,64}\}/g, args));
  if (path === '.replace' && first.text && second.text !== null) {
    if ((text.length / first.text.length) * second.text.length > JOINED_MAX)
      return valueFrom(null, of.origin | handed | ORIGIN.cut);
    return valueFrom(null, of.origin | handed, text.replaceAll(first.text, second.text));
  }
  return valueFrom(null, of.origin | handed, text);
}
