import {
  type Companions,
  type LockedPackage,
  type LockFormat,
  type LockReading,
  normalPythonName,
} from '../locked-package.ts';
import { foreignRegistries } from '../registries.ts';
import { isIndexOption, pipLines, pipOptions, withoutComment } from './pip-lines.ts';

const REQUIREMENT = /^([A-Za-z0-9][A-Za-z0-9._-]{0,213})\s{0,8}(?:\[[^\]]{0,256}\])?\s{0,8}([^;]{0,512})/;

/** One condition on a version, as pip takes it; what follows `===` is any text. */
const CONDITION = /^(?:===\s*\S+|(?:==|~=|!=|[<>]=?)\s*[\w.*+!-]+)$/;

/** Whether all that follows a name are conditions on its version: pip refuses the file for anything else. */
function isUnderstood(conditions: string): boolean {
  const bare = conditions
    .trim()
    .replace(/^\((.*)\)$/s, '$1')
    .trim()
    .replace(/,$/, '');
  return bare === '' || bare.split(',').every((one) => CONDITION.test(one.trim()));
}

/**
 * One requirement (PEP 508) as what it fixes.
 * @returns null for a line that asks for no package, a text for one that pip does not take
 */
function readRequirement(line: string): LockedPackage | string | null {
  const text = withoutComment(line);
  const editable = /^(?:-e\s|--editable[= ])(.*)/s.exec(text)?.[1]?.trim();
  const address = editable ?? (/^(?:(?:git|hg|svn|bzr)\+|https?:|file:)/.test(text) ? text : undefined);
  if (address !== undefined) {
    const source = /^(?:git|hg|svn|bzr)\+/.test(address)
      ? 'git'
      : /^https?:/.test(address)
        ? 'address'
        : 'folder';
    const name =
      /[#&]egg=([\w.-]+)/.exec(address)?.[1] ?? address.replace(/^.*\//, '').replace(/[@#?].*/s, '');
    return { ecosystem: 'PyPI', name, version: null, source, runsAtInstall: true, needle: line.trim() };
  }
  // `.` and `.[extra]` are the project itself.
  if (text === '' || text.startsWith('-') || /^\.{1,2}(?:\[[^\]]{0,256}\])?(?:\s*;|$)/.test(text))
    return null;
  // A file beside it is installed as it is.
  if (/^[^\s;@]{0,512}(?:\/|\.whl|\.tar\.gz|\.zip)(?=[\s;]|$)|^\.{0,2}\//.test(text)) {
    const name = text.split(/[\s;]/, 1)[0]!.replace(/^.*\//s, '') || text;
    return {
      ecosystem: 'PyPI',
      name,
      version: null,
      source: 'folder',
      runsAtInstall: true,
      needle: line.trim(),
    };
  }
  // Options of one requirement begin at the first word that looks like one.
  const match = REQUIREMENT.exec(text.split(/\s(?=-)/, 1)[0]!);
  const fault = `a line that is not understood (\`${text.slice(0, 40)}\`)`;
  if (!match) return fault;
  const [, name, rest] = match;
  const hasDigest = /--hash[= ]/.test(text);
  const direct = /^@\s*(\S+)/.exec(rest!.trim());
  if (direct)
    return {
      ecosystem: 'PyPI',
      name: name!,
      version: null,
      source: /^git\+/.test(direct[1]!) ? 'git' : 'address',
      hasDigest: /#sha(?:256|384|512)=/.test(direct[1]!),
      needle: line.trim(),
    };
  if (!isUnderstood(rest!)) return /\$\{/.test(text) ? 'a version that depends on the environment' : fault;
  const exact = /^\(?\s*===?\s*([^\s,;*()]+)\s*(?:\)\s*)?$/.exec(rest!.trim());
  return {
    ecosystem: 'PyPI',
    name: name!,
    version: exact?.[1] ?? null,
    source: 'registry',
    hasDigest,
    needle: line.trim().slice(0, 120),
  };
}

const REQUIREMENT_NAME = /^[\w.-]+\.(?:txt|in|lock)$/;

/** Whether a path is of a file that names what pip is to install. @param path with `/`, in lower case */
export function isRequirements(path: string): boolean {
  if (/(?:^|\/)requirements\/[\w.-]+\.(?:txt|in)$/.test(path)) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return REQUIREMENT_NAME.test(name) && (name.includes('requirements') || name.startsWith('constraints'));
}

/** An encoding that a comment at the top names: pip reads the file in that. Only what is read here is none. */
export const otherEncoding = (text: string): string | null => {
  for (const line of text.split('\n', 2)) {
    const name = line.startsWith('#') ? /coding[:=]\s*([-\w.]+)/.exec(line)?.[1] : undefined;
    if (name !== undefined && !/^(?:utf[-_]?8(?:[-_]sig)?|ascii)$/i.test(name)) return name;
  }
  return null;
};

/** Files that one file of requirements may have read with it. */
const FILES_MAX = 64;

/** Reads a file of requirements and those that it names. */
class Requirements {
  readonly packages: LockedPackage[] = [];
  readonly unread: string[] = [];
  readonly #constraints: LockedPackage[] = [];
  readonly #read = new Set<string>();
  readonly #companions: Companions | undefined;
  /** Where packages are taken from, as far as it is said. */
  readonly #indexes: string[] = [];
  #elsewhere = 0;

  constructor(companions: Companions | undefined) {
    this.#companions = companions;
  }

  /** @param from where the text lies, null for the file itself */
  text(text: string, from: string | null, isConstraint: boolean): void {
    const encoding = otherEncoding(text);
    if (encoding !== null) this.unread.push(`text in ${encoding.slice(0, 40)}, which is not read`);
    // A digest stands on a line of its own, continued from the line before.
    for (const line of pipLines(text)) this.line(line.text, from, isConstraint);
  }

  line(line: string, from: string | null, isConstraint: boolean): void {
    for (const option of pipOptions(line)) {
      if (isIndexOption(option)) this.#indexes.push(option.value);
      if (option.name === 'requirement') this.#file(option.value, from, isConstraint);
      if (option.name === 'constraint') this.#file(option.value, from, true);
    }
    const read = readRequirement(line);
    if (typeof read === 'string') this.unread.push(read);
    if (read === null || typeof read === 'string') return;
    const one = { ...read, needle: from === null ? read.needle.split(/\s/)[0]! : '' };
    (isConstraint ? this.#constraints : this.packages).push(one);
  }

  #file(path: string, from: string | null, isConstraint: boolean): void {
    const found = this.#companions?.find(path, from) ?? { fault: 'is not read here' };
    if ('fault' in found) {
      this.unread.push(`a name of \`${path.slice(0, 80)}\`, which ${found.fault}`);
      return;
    }
    if (found.text === null) this.#elsewhere++;
    if (found.text === null || this.#read.has(found.place)) return;
    if (this.#read.size === FILES_MAX) this.unread.push(`names over ${FILES_MAX} further files`);
    if (this.#read.add(found.place).size > FILES_MAX) return;
    this.text(found.text, found.place, isConstraint);
  }

  /** What was read; versions that are open are those of the constraints. */
  reading(): LockReading {
    const fixed = new Map(
      this.#constraints.flatMap((one) =>
        one.version === null ? [] : [[normalPythonName(one.name), one] as const],
      ),
    );
    const packages = this.packages.map((one) => {
      const pin =
        one.version === null && one.source === 'registry' ? fixed.get(normalPythonName(one.name)) : undefined;
      return pin ? { ...one, version: pin.version } : one;
    });
    const keyOf = ({ name, version }: LockedPackage): string => `${normalPythonName(name)} ${version}`;
    const known = new Set(packages.map(keyOf));
    const registries = foreignRegistries('PyPI', this.#indexes);
    return {
      packages: [...packages, ...this.#constraints.filter((one) => !known.has(keyOf(one)))].map((one) => ({
        ...one,
        registries,
      })),
      unread: this.unread,
      elsewhere: this.#elsewhere,
    };
  }
}

/** Lines that pip takes, one by one: those of `environment.yml`. */
export function readRequirementLines(
  lines: readonly string[],
  companions: Companions | undefined,
): LockReading {
  const requirements = new Requirements(companions);
  for (const line of lines.flatMap(pipLines)) requirements.line(line.text, null, false);
  return requirements.reading();
}

/** `requirements.txt` and its kin. */
export const requirementsLock: LockFormat = {
  name: 'pip',
  matches: isRequirements,
  read: (text, companions) => {
    const requirements = new Requirements(companions);
    requirements.text(text, null, false);
    return requirements.reading();
  },
};
