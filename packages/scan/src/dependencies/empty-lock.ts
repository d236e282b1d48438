import { tableOf } from '@sallyport/core';

/** Whether a lock file says by itself that its project depends on nothing, by the name of its format. */
const SAYS_EMPTY = tableOf<(text: string) => boolean>({
  npm: (text) => {
    const root = JSON.parse(text) as Record<string, unknown>;
    const packages = root['packages'] as Record<string, Record<string, unknown>> | undefined;
    if (packages === undefined) return root['lockfileVersion'] === 1 && root['dependencies'] === undefined;
    return (
      Object.keys(packages).length > 0 &&
      Object.values(packages).every((entry) => !Object.keys(entry).some((key) => /dependencies$/i.test(key)))
    );
  },
  pnpm: (text) => /^lockfileVersion/m.test(text) && !/^ {2,12}(?:version|specifier|resolution):/m.test(text),
  yarn: (text) =>
    /^__metadata:/m.test(text) && !/^ {2}resolution: "?(?![^"\n]{0,256}@workspace:)/m.test(text),
  poetry: (text) => /^package = \[\]/m.test(text),
  uv: (text) =>
    /^version = \d/m.test(text) &&
    /^\[\[package\]\]/m.test(text) &&
    (text.match(/^\[\[package\]\]/gm) ?? []).length ===
      (text.match(/^source = \{ (?:virtual|editable|directory) = /gm) ?? []).length,
  pipenv: (text) => /"_meta"/.test(text) && !/"(?:version|git|path|file)"/.test(text),
  cargo: (text) => /^\[\[package\]\]/m.test(text) && !/^source = /m.test(text),
  gradle: (text) => /^empty=/m.test(text),
  maven: (text) => /<project[\s>]/.test(text) && !/<dependency[\s>]/.test(text),
  ...Object.fromEntries(
    // What of these is no manifest is refused when it is read.
    ['pyproject', 'setup-config', 'setup-script', 'pipfile', 'cargo-manifest', 'npm-manifest'].map((name) => [
      name,
      () => true,
    ]),
  ),
  bun: (text) => !/dependencies"/i.test(text),
  deno: (text) => !/"(?:specifiers|dependencies)"/.test(text),
  go: (text) => /^module\s/m.test(text) && !/\brequire\b/.test(text),
});

/** Formats that are lists of lines: one without a line asks for nothing. What other tools write says more than that. */
const BLANK_IS_EMPTY: ReadonlySet<string> = new Set(['pip', 'yarn']);

/** Whether a text holds nothing but blank lines and comments. */
const isBlank = (text: string): boolean =>
  text.split(/\r?\n/).every((line) => /^\s{0,1024}(?:#.*)?$/.test(line));

/** Whether a file out of which no package was read is one that has none. What cannot be told was not read. */
export function isEmptyLock(format: string, text: string): boolean {
  if (isBlank(text))
    return BLANK_IS_EMPTY.has(format) && (format !== 'yarn' || /^# yarn lockfile/m.test(text));
  try {
    return SAYS_EMPTY[format]?.(text) ?? false;
  } catch {
    return false;
  }
}

/** The text of a lock file in the encoding that its first bytes name. @throws Error for bytes that are no text */
export function decodeLock(bytes: Buffer): string {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const swapped = bytes[0] === 0xfe && bytes[1] === 0xff;
  const label = utf16 ? 'utf-16le' : swapped ? 'utf-16be' : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`it is no text in ${label.toUpperCase()}`);
  }
  if (text.includes('\0')) throw new Error('it is no text');
  return text;
}
