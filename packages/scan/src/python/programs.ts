import { isNamed, isOnlyLocal } from '../text/addresses.ts';
import { CommandReader } from '../text/fetched-files.ts';
import type { Call } from './reader.ts';
import { NOTHING, ORIGIN, originOf, TEMPORARY, type Value, wordsOf } from './values.ts';

/** What fetches an address to a file: where the file is named among its arguments, and by which name. */
const TO_FILES: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:(?:six\.moves\.)?urllib\.request|urllib)\.(?:urlretrieve|(?:FancyURLopener|URLopener)\(\)\.retrieve)$/,
    'filename',
  ],
  [/^wget\.download$/, 'out'],
  [/^gdown\.download$/, 'output'],
  [/^torch\.hub\.download_url_to_file$/, 'dst'],
];
const WRITES = /\.(?:write|writelines|write_bytes|write_text)$/;
/** What runs a file, or loads it as code, and the argument that names it. */
const RUNS_FILES: readonly (readonly [RegExp, number])[] = [
  [/^os\.startfile$/, 0],
  [/^runpy\.run_path$|^execfile$/, 0],
  [/^ctypes\.(?:CDLL|WinDLL|OleDLL|PyDLL|(?:cdll|windll|oledll|pydll)\.LoadLibrary)$/, 0],
  [/^importlib\.(?:util\.spec_from_file_location|machinery\.\w{1,32}Loader)$/, 1],
  [/^imp\.load_(?:source|dynamic|compiled)$/, 1],
  [/^torch\.ops\.load_library$|^tensorflow\.load_(?:op_library|library)$/, 0],
];
/** Files that no code stands in. */
const NO_CODE = /^[^\s]{1,256}\.(?:png|jpe?g|gif|bmp|webp|ico|tiff?|wav|mp3|ogg|mp4|ttf|otf|woff2?)$/i;
/** Functions of Windows that make room for machine code or put it there, and those that have it run. */
const MAKES_ROOM =
  /(?:^|\.)(?:Virtual(?:Alloc|Protect)(?:Ex)?|NtAllocateVirtualMemory|WriteProcessMemory|RtlMoveMemory|mprotect)$/;
const STARTS =
  /(?:^|\.)(?:Create(?:Thread|RemoteThread(?:Ex)?|Fiber)|NtCreateThreadEx|RtlCreateUserThread|QueueUserAPC)$/;
const CASTS = /^ctypes\.(?:cast|(?:CFUNCTYPE|WINFUNCTYPE|PYFUNCTYPE)\(\))$/;

/** What is known of an address: whether it is one that only somebody without a name has. */
function isOdd(address: string): boolean {
  if (!/^[a-z][a-z0-9+.-]{0,15}:\/\//i.test(address) || isOnlyLocal(address)) return false;
  // Of a host that is put in later, nothing odd is known.
  return !isNamed(address) && !/^https:\/\/(?:[^/?#]{0,255}[…%{]|\/|$)/i.test(address);
}

/** Where what is fetched from an address comes from, as bits of {@link ORIGIN}. */
export const fetchedFrom = ({ args, named }: Call): number => {
  const given = [...args.slice(0, 2), named.get('url') ?? NOTHING];
  const isAny = given.some((one) => isOdd(wordsOf(one)) || (one.origin & ORIGIN.odd) !== 0);
  return ORIGIN.fetched | (isAny ? ORIGIN.odd : 0);
};

/** What running a file comes to, of what was fetched to it. */
export type Ran = 'fetched' | 'installer' | null;

/** Files that Python fetches, and what it makes of them and of memory. */
export class Programs {
  /** Files that were fetched, by commands or by Python itself. */
  readonly fetched = new CommandReader();
  #hasRoom = false;

  /** Remembers a file that is written with what was fetched. */
  note(path: string, call: Call): void {
    const { of, args, named } = call;
    const [first = NOTHING, second = NOTHING] = args;
    const to = TO_FILES.find(([pattern]) => pattern.test(path));
    if (to) this.#note(named.get(to[1]) ?? second, fetchedFrom(call));
    else if (WRITES.test(path)) this.#note(of, first.origin);
    else if (path === 'shutil.copyfileobj') this.#note(second, first.origin);
  }

  #note(file: Value, origin: number): void {
    if ((origin & ORIGIN.fetched) === 0) return;
    const name = file.path?.includes('NamedTemporaryFile()') ? TEMPORARY : file.text;
    if (name) this.fetched.note(name, (origin & ORIGIN.odd) === 0);
  }

  /** What a call comes to that runs or loads a file. */
  ran(path: string, { args, named }: Call): Ran {
    const found = RUNS_FILES.find(([pattern]) => pattern.test(path));
    return found ? this.ranFile(wordsOf(args[found[1]] ?? [...named.values()][0] ?? NOTHING)) : null;
  }

  /** What running a file comes to, by its path. */
  ranFile(file: string): Ran {
    return file === '' || file.length > 4096 || /\s/.test(file)
      ? null
      : this.fetched.later(`sh ${file}`, false);
  }

  /** Where what is read of a file comes from, as bits of {@link ORIGIN}: a picture, or what an odd host gave. */
  originOfFile(path: string, { text }: Value): number {
    if (text === null || !/^(?:io\.)?open$|Path$/.test(path)) return 0;
    if (NO_CODE.test(text)) return ORIGIN.picture;
    return this.ranFile(text) === 'fetched' ? ORIGIN.fetched | ORIGIN.odd | ORIGIN.returned : 0;
  }

  /** What importing a module comes to: a module that a course or a model hands out by a named host is what it says it is. */
  imported(module: string): Ran {
    return this.ranFile(`${module.split('.', 1)[0]}.py`) === 'fetched' ? 'fetched' : null;
  }

  /** Whether a call has machine code run that an earlier one put into memory. */
  runsMemory(path: string): boolean {
    if (MAKES_ROOM.test(path)) this.#hasRoom = true;
    return this.#hasRoom && (STARTS.test(path) || CASTS.test(path));
  }
}

/** Whether a text that is run as code is what was noted in a picture. */
export const isOfPicture = ({ path }: Value): boolean => /^PIL\.Image\.open\(\)\./.test(path ?? '');

/** Pictures and sounds, of which every point is a number. */
const OF_POINTS: readonly RegExp[] = [
  /^PIL\.Image\.open$|^cv2\.imread$|^wave\.open$|^soundfile\.read$|^scipy\.io\.wavfile\.read$/,
  /^imageio(?:\.v\d)?\.imread$|^skimage\.io\.imread$|^matplotlib\.(?:image|pyplot)\.imread$/,
];
const NUMBERS = /^(?:int|ord)$/;
/** What gives a text or bytes out of a cipher, of numbers, or of a table of letters. */
const COMPUTES: readonly RegExp[] = [
  /\.(?:decrypt|decrypt_and_verify|to_?bytes|translate)$|\.decryptor\(\)\.(?:update|finalize)$/,
  /^\(own\)\.\w{0,32}(?:decrypt|deobfuscat|unscrambl|xor)\w{0,32}$/i,
  /^(?:stegano\.(?:\w{1,32}\.)?|lsb\.)reveal$|^stepic\.decode$|^struct\.pack$/,
];

/** What of a call's result is known to be numbers or made of them, as bits of {@link ORIGIN}. */
export function computedBy(path: string, { of, args, named }: Call): number {
  const handed = originOf([of, ...args, ...named.values()]);
  if (NUMBERS.test(path) || OF_POINTS.some((one) => one.test(path))) return ORIGIN.numbers;
  // A text with its encoding is no list of numbers.
  if (/^(?:bytes|bytearray)$/.test(path) && args.length === 1 && handed & ORIGIN.numbers)
    return ORIGIN.computed;
  return COMPUTES.some((one) => one.test(path)) ? ORIGIN.computed : 0;
}
