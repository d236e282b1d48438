import { readFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import { learnProfile, ProfileError } from '@sallyport/guard';
import { parse } from 'csv-parse/sync';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';
import { writeOutput } from '../output-file.ts';

type Row = Readonly<Record<string, unknown>>;

/** Rows of a CSV file with a header, or of JSON Lines. @throws CodedError `request-invalid` */
function readRows(path: string): Row[] {
  const text = readFileSync(path, 'utf8');
  try {
    if (/\.jsonl?$/i.test(path))
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as Row);
    const rows = parse(text, { columns: true, skip_empty_lines: true, bom: true, trim: true }) as Record<
      string,
      string
    >[];
    const names = Object.keys(rows[0] ?? {});
    const numeric = new Set(
      names.filter((name) => rows.every((row) => row[name] !== '' && Number.isFinite(Number(row[name])))),
    );
    return rows.map((row) =>
      Object.fromEntries(names.map((name) => [name, numeric.has(name) ? Number(row[name]) : row[name]])),
    );
  } catch (cause) {
    throw new CodedError(
      'request-invalid',
      `\`${path}\` is neither CSV with a header nor JSON Lines: ${(cause as Error).message}`,
    );
  }
}

/** Learns what rows for a classifier look like. */
export const guardLearn: Command = {
  name: 'guard learn',
  usage: 'guard learn TRAINING.csv|TRAINING.jsonl --out PROFILE.json [--skip COLUMN,COLUMN]',
  summary: 'learn from training data what rows for a classifier look like; name the profile at its system',
  options: { out: { type: 'string' }, skip: { type: 'string' } },
  run: async (options) => {
    const [path] = options.positionals;
    const out = options.text('out');
    if (path === undefined || out === undefined)
      throw new CodedError('usage', 'name the training data, and with --out the file to write');
    const skipped = new Set((options.text('skip') ?? '').split(',').map((name) => name.trim()));
    let rows: Row[];
    try {
      rows = readRows(path);
    } catch (fault) {
      if (fault instanceof CodedError) throw fault;
      throw new CodedError('usage', `cannot read \`${path}\`: ${(fault as Error).message}`);
    }
    const names = Object.keys(rows[0] ?? {}).filter((name) => !skipped.has(name));
    if (names.length === 0)
      throw new CodedError('request-invalid', 'there are no columns left to learn from');
    try {
      const profile = learnProfile(
        names,
        rows.map((row) => names.map((name) => row[name])),
      );
      writeOutput(out, `${JSON.stringify(profile)}\n`);
      if (options.json) printJson({ out, rows: profile.rows, features: profile.features });
      else {
        for (const { name, kind, least, most, values } of profile.features)
          print(
            `  ${name.padEnd(24)}  ${kind === 'number' ? `${least} to ${most}` : `${values.length} categories`}`,
          );
        print(`wrote ${out}, learned from ${profile.rows} rows`);
      }
      return 0;
    } catch (fault) {
      if (fault instanceof ProfileError) throw new CodedError('request-invalid', fault.message);
      throw fault;
    }
  },
};
