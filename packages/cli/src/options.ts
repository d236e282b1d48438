import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CodedError, SEVERITIES, type Severity } from '@sallyport/core';
import { requireTrusted } from '@sallyport/store/trusted-file';

type OptionSpec = NonNullable<ParseArgsConfig['options']>;

/** Options of a command, parsed. */
export interface Options {
  readonly positionals: readonly string[];
  /** The data folder, held to be whose it must be each time. @throws CodedError `owner-untrusted` */
  readonly data: string;
  readonly rootKey: string | undefined;
  readonly config: string | undefined;
  readonly json: boolean;
  /** A text option, or undefined. */
  text(name: string): string | undefined;
  /** All values of an option that may repeat. */
  texts(name: string): string[];
  flag(name: string): boolean;
  /** A whole number within bounds. @throws CodedError `usage` */
  whole(name: string, low: number, high: number): number | undefined;
  /** A text option that must be there. @throws CodedError `usage` */
  needed(name: string): string;
}

const COMMON: OptionSpec = {
  data: { type: 'string' },
  format: { type: 'string' },
  config: { type: 'string' },
  'root-key': { type: 'string' },
};

/** Parses the options every command has and its own. @throws CodedError `usage` */
export function parseOptions(argv: readonly string[], own: OptionSpec): Options {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...COMMON, ...own },
      allowPositionals: true,
      strict: true,
    });
  } catch (fault) {
    const why = (fault as Error).message.split('.')[0]!.toLowerCase();
    const takes = Object.keys({ ...own, ...COMMON }).map((name) => `--${name}`);
    throw new CodedError('usage', `${why}; it takes ${takes.join(', ')}`);
  }
  const values = parsed.values as Record<string, string | boolean | string[] | undefined>;
  const format = values['format'] ?? 'text';
  if (format !== 'json' && format !== 'text')
    throw new CodedError('usage', `--format is json or text, not \`${String(format)}\``);
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    positionals: parsed.positionals,
    // Commands obey what lies in it, and the server that answers on its socket: looked at before either is used.
    get data() {
      const data = text('data') ?? '.sallyport';
      const named = text('data') !== undefined;
      requireTrusted(resolve(data), 'data folder', { named });
      requireTrusted(join(resolve(data), 'control.sock'), 'socket', { named });
      return data;
    },
    rootKey: text('root-key'),
    config: text('config'),
    json: format === 'json',
    text,
    texts: (name) => [values[name] ?? []].flat() as string[],
    flag: (name) => values[name] === true,
    whole: (name, low, high) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = Number(value);
      if (!/^\d+$/.test(value) || number < low || number > high)
        throw new CodedError('usage', `--${name} is a whole number from ${low} to ${high}, not \`${value}\``);
      return number;
    },
    needed: (name) => {
      const value = text(name);
      if (value === undefined) throw new CodedError('usage', `--${name} is needed`);
      return value;
    },
  };
}

/** The severity at and above which a command ends with 1; high where nobody says. @throws CodedError `usage` */
export function failOnOf(options: Options): Severity {
  const failOn = (options.text('fail-on') ?? 'high') as Severity;
  if (!SEVERITIES.includes(failOn))
    throw new CodedError('usage', `--fail-on is one of ${SEVERITIES.join(', ')}`);
  return failOn;
}

/** A positional argument that must be there. @param what it is, in words @throws CodedError `usage` */
export function positional(options: Options, at: number, what: string): string {
  const value = options.positionals[at];
  if (value === undefined) throw new CodedError('usage', `name ${what}`);
  return value;
}

/** A file that an option names, as text. @throws CodedError `usage` */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (fault) {
    throw new CodedError('usage', `cannot read \`${path}\`: ${(fault as Error).message}`);
  }
}
