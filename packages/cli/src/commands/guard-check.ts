import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CodedError, type Detection, type InspectionRequest, LIMITS, TEXT_CHANNELS } from '@sallyport/core';
import { Inspector, RuleSet } from '@sallyport/guard';
import type { Command } from '../commands.ts';
import { print, printJson, printJsonLines } from '../output.ts';

/** Verdicts gathered before they are written. */
const WRITE_LINES = 64;

interface Verdict {
  readonly verdict: 'deny' | 'flag' | 'allow';
  readonly scores: { readonly injection: number };
  readonly detections: readonly Detection[];
}

function check(
  inspector: Inspector,
  text: string,
  channel: InspectionRequest['channel'],
  verdictOf: (detections: readonly Detection[]) => Verdict['verdict'],
): Verdict {
  const { detections, scores } = inspector.assess({ text, channel, pointer: '', names: true });
  return { verdict: verdictOf(detections), scores, detections };
}

/** A line of input: text and channel. @throws CodedError `request-invalid` naming the line */
function parseLine(line: string, number: number, channel: InspectionRequest['channel']) {
  let value: { text?: unknown; channel?: unknown };
  try {
    value = JSON.parse(line) as typeof value;
  } catch {
    throw new CodedError('request-invalid', `line ${number} is not JSON`);
  }
  if (typeof value?.text !== 'string')
    throw new CodedError('request-invalid', `line ${number} has no \`text\` that is a string`);
  const named = value.channel ?? channel;
  if (!TEXT_CHANNELS.includes(named as InspectionRequest['channel']))
    throw new CodedError('request-invalid', `line ${number}: \`channel\` is ${TEXT_CHANNELS.join(', ')}`);
  return { text: value.text, channel: named as InspectionRequest['channel'] };
}

async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of input) {
    bytes += (piece as Buffer).length;
    if (bytes > LIMITS.bodyBytesMax)
      throw new CodedError('request-invalid', `the text is over ${LIMITS.bodyBytesMax} bytes`);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString();
}

/** Inspects texts without a server. */
export const guardCheck: Command = {
  name: 'guard check',
  usage: 'guard check FILE|- [--channel user|document|output|operator|assistant] [--rules FOLDER] [--jsonl]',
  summary: 'inspect a text; --jsonl reads {"text", "channel"} a line and writes a verdict a line',
  options: { channel: { type: 'string' }, rules: { type: 'string' }, jsonl: { type: 'boolean' } },
  run: async (options) => {
    const [path] = options.positionals;
    if (path === undefined) throw new CodedError('usage', 'name a file, or - for standard input');
    const channel = (options.text('channel') ?? 'user') as InspectionRequest['channel'];
    if (!TEXT_CHANNELS.includes(channel))
      throw new CodedError('usage', `--channel is ${TEXT_CHANNELS.join(', ')}`);
    const { defaultVerdict, readGuardModels, readRules } = await import('@sallyport/server');
    const inspector = Inspector.open(readGuardModels());
    inspector.useRules(RuleSet.of(readRules(options.text('rules')).rules));
    const input = path === '-' ? process.stdin : createReadStream(path);
    const failed = new Promise<never>((_, fail) =>
      input.on('error', (fault: Error) =>
        fail(new CodedError('usage', `cannot read \`${path}\`: ${fault.message}`)),
      ),
    );
    failed.catch(() => {});
    if (!options.flag('jsonl')) {
      const verdict = check(inspector, await Promise.race([readAll(input), failed]), channel, defaultVerdict);
      if (options.json) printJson(verdict);
      else {
        print(`${verdict.verdict}, injection ${verdict.scores.injection.toFixed(3)}`);
        for (const { detector, technique, severity, confidence, location, view } of verdict.detections)
          print(
            `  ${severity.padEnd(8)}  ${detector}/${technique}  ${location.start}–${location.end}  ${confidence}${view ? `  through ${view}` : ''}`,
          );
      }
      return verdict.verdict === 'deny' ? 1 : 0;
    }
    let denied = false;
    let number = 0;
    let verdicts: unknown[] = [];
    const write = async (): Promise<void> => {
      const piece = verdicts;
      verdicts = [];
      await printJsonLines(piece);
    };
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    const work = (async () => {
      for await (const line of lines) {
        number++;
        if (line.trim() === '') continue;
        const one = parseLine(line, number, channel);
        const verdict = check(inspector, one.text, one.channel, defaultVerdict);
        if (verdict.verdict === 'deny') denied = true;
        verdicts.push(verdict);
        if (verdicts.length >= WRITE_LINES) await write();
      }
      await write();
    })();
    await Promise.race([work, failed]);
    return denied ? 1 : 0;
  },
};
