import { readFileSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import { learnTrainingEcho, TrainingEcho } from '@sallyport/guard';
import type { Command } from '../commands.ts';
import { Progress, print, printJson } from '../output.ts';
import { writeOutput } from '../output-file.ts';

/** Every string in a JSON value. */
function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) yield* stringsIn(one);
}

/** Texts of files: each string of JSON Lines, all of any other file. @throws CodedError `usage`, `request-invalid` */
function* textsOf(paths: readonly string[]): Generator<string> {
  const progress = new Progress('texts');
  for (const [n, path] of paths.entries()) {
    progress.update(n, paths.length);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (fault) {
      throw new CodedError('usage', `cannot read \`${path}\`: ${(fault as Error).message}`);
    }
    if (!/\.jsonl$/i.test(path)) {
      yield text;
      continue;
    }
    for (const [at, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      try {
        yield* stringsIn(JSON.parse(line));
      } catch {
        throw new CodedError('request-invalid', `line ${at + 1} of \`${path}\` is not JSON`);
      }
    }
  }
  progress.end();
}

/** Learns what answers of a system must not repeat. */
export const guardLearnTexts: Command = {
  name: 'guard learn-texts',
  usage: 'guard learn-texts FILE|FILE.jsonl … --out FILTER.echo',
  summary: 'learn which runs of words a system must not repeat; name the filter at the system',
  options: { out: { type: 'string' } },
  run: async (options) => {
    const out = options.text('out');
    if (options.positionals.length === 0 || out === undefined)
      throw new CodedError('usage', 'name the texts, and with --out the file to write');
    let filter: Buffer;
    try {
      filter = learnTrainingEcho(textsOf(options.positionals));
    } catch (fault) {
      if (fault instanceof RangeError) throw new CodedError('request-invalid', fault.message);
      throw fault;
    }
    writeOutput(out, filter);
    const { texts, runs, version } = TrainingEcho.parse(filter).header;
    if (options.json) printJson({ out, texts, runs, version, bytes: filter.length });
    else print(`wrote ${out}, ${filter.length} bytes: ${runs} runs of words of ${texts} texts`);
    return 0;
  },
};
