import {
  CodedError,
  type Detection,
  decodeUtf8,
  type JsonBounds,
  LIMITS,
  type RestorationRecord,
  type Steps,
  type SystemSnapshot,
  strictJson,
  stringVisits,
  type Verdict,
} from '@sallyport/core';
import { watchedPrompts } from '@sallyport/guard';
import { checkShape, type TextPart, type Usage, usageOf } from '@sallyport/models';
import { AnswerEdits } from './answer-edits.ts';
import { answerMasks } from './answer-masks.ts';
import { AnswerQuestions, type Inspect, wholeStretch } from './answer-questions.ts';
import { answerTexts, placeCharacters } from './answer-reading.ts';
import { AnswerStructure } from './answer-structure.ts';
import { conditionsOnAnswer, conditionsOnRows, conditionsOnTools } from './conditions.ts';
import { holdsCredential, saysCredential } from './credential.ts';
import type { Deps, Exchange } from './exchange.ts';
import { credentialOf, requestOf } from './inspection.ts';
import { inspectTexts } from './leaked-keys.ts';
import { isProse } from './request-texts.ts';
import { Restoring } from './restoring.ts';
import { applyEdits, orderEdits, redactorBeside } from './rewrite.ts';
import { seamReadings } from './seam-readings.ts';
import { squeezeDetections } from './squeeze.ts';
import { verdictOf } from './state.ts';
import { ToolCalls } from './tool-calls.ts';
import { isLarge, othersFirst, shared, Turns } from './turns.ts';

/** A complete answer, judged. */
export interface JudgedAnswer {
  /** Bytes to send: those that came, unless policy or restoring changed them. */
  readonly body: Buffer;
  readonly verdict: Verdict & { texts: number };
  readonly usage: Usage | null;
  readonly characters: number;
  readonly restorations: readonly RestorationRecord[];
}

/** System and developer messages of a request, to notice when they come back: as much of them as is watched. */
export function systemPromptsOf(exchange: Exchange): string[] {
  const own = exchange.reading!.parts.filter((part) => part.system && isProse(part));
  return watchedPrompts(own.map((part) => part.text));
}

/** All that the request says, as it was forwarded: a system may repeat that. Read when it is first asked for. */
export function saidIn(exchange: Exchange): () => Promise<ReadonlySet<string>> {
  let said: ReadonlySet<string> | null = null;
  function* read(body: string): Steps<ReadonlySet<string>> {
    const known = new Set<string>();
    const note = (own: string): unknown => known.add(own);
    if (body !== '') yield* stringVisits(yield* strictJson(body), note, note);
    return known;
  }
  return async () => {
    if (said) return said;
    const body = exchange.bodyChanged?.toString() ?? exchange.text;
    said = await shared(body.length, read(body));
    return said;
  };
}

/** How much an answer may hold. Each string that is a value stands in a list or an object of its own at most. */
const answerBounds = (strings: number): JsonBounds => ({
  strings,
  members: 2 * strings,
  containers: strings,
  values: LIMITS.answerValuesMax,
});

/** Says of an answer why it cannot be read. */
function unreadable(cause: unknown): CodedError {
  if (!(cause instanceof CodedError) || cause.code === 'body-not-json')
    return new CodedError('upstream-invalid', 'the answer is not valid JSON', { cause });
  if (cause.code === 'upstream-invalid') return cause;
  return new CodedError('upstream-invalid', `the answer cannot be read: ${cause.message}`, { cause });
}

/** Judges a complete answer. @throws CodedError when it cannot be read; the verdict says whether it is denied */
export async function judgeAnswer(
  exchange: Exchange,
  deps: Deps,
  plain: Buffer,
  status: number,
): Promise<JudgedAnswer> {
  const system = exchange.system!;
  const looking = deps.start.detectors || exchange.redactor?.used === true;
  let text: string;
  let data: unknown;
  let all: readonly TextPart[];
  try {
    text = decodeUtf8(plain);
    const bounds = answerBounds(deps.state().settings.limits.answerStringsMax);
    data = await shared(text.length, strictJson(text, bounds));
    const operation = exchange.operation!.id;
    all = looking
      ? await answerTexts(data, text, {
          dialect: exchange.dialect,
          operation,
          form: 'readResponse',
          said: saidIn(exchange),
        })
      : [];
  } catch (cause) {
    throw unreadable(cause);
  }
  exchange.holding?.places(placeCharacters(all));
  if (status < 400) checkShape(data);
  else if (typeof data !== 'object' || data === null)
    throw new CodedError('upstream-invalid', 'the answer is no object');
  const texts = all.filter(({ structure }) => structure === undefined);
  // What spells another text is judged there.
  const parts = texts.filter(({ repeats }) => !repeats);
  const large = isLarge(plain.length);
  if (large) await othersFirst();
  const settings = requestOf(system, true);
  const inspect: Inspect = (requests) => inspectTexts(exchange, deps, requests);
  const questions = new AnswerQuestions(system, systemPromptsOf(exchange), inspect);
  const stretches = parts.map((part) => wholeStretch(part));
  // Both are awaited from the start: if one fails while the other is waited for, the call ends, and not the worker.
  const credential = credentialOf(system);
  const held = credential !== null && (await shared(text.length, holdsCredential(text, credential)));
  const fixed = new AnswerStructure(credential);
  const [found, structure] = await Promise.all([
    questions.ask(stretches),
    fixed.judge(all, settings, inspect),
  ]);
  const own = new Map<TextPart, Detection[]>(parts.map((part, n) => [part, found[n]!]));
  const detections = [...found.flat(), ...structure];
  const seams = await seamDetections(system, own, questions);
  for (const { part, ...detection } of seams.found) {
    own.get(part)!.push(detection);
    detections.push(detection);
  }
  if (large) await othersFirst();
  const tools = exchange.dialect.toolsInResponse(exchange.operation!.id, data);
  if (exchange.conditions) {
    const calls = new ToolCalls();
    detections.push(
      ...conditionsOnTools(exchange, [...calls.push(tools), ...calls.end()]),
      ...conditionsOnAnswer(
        exchange,
        parts.filter(({ made }) => made === undefined),
        detections,
      ),
      // An error has no rows.
      ...(status < 400 ? conditionsOnRows(exchange, data) : []),
    );
  }
  if (deps.start.detectors && status < 400)
    detections.push(...(await squeezeDetections(exchange, deps, data)));
  const verdict = {
    ...verdictOf(system, 'output', detections),
    ...((held || seams.credential || fixed.leaks) && { action: 'deny' as const }),
    texts: deps.start.detectors ? parts.length : 0,
  };
  let characters = looking ? 0 : plain.length;
  for (const { made, text: said } of parts) if (made === undefined) characters += said.length;
  const usage = usageOf(exchange.dialect.counts(data));
  const restoring = verdict.action === 'deny' ? null : Restoring.of(system, exchange.redactor);
  restoring?.note(tools);
  const changes = new AnswerEdits();
  for (const { structure, pointer } of all) if (structure === 'bytes') changes.remove(pointer);
  for (const part of texts) changes.note(part);
  if (restoring || verdict.action === 'redact') {
    const said = parts.map((part) => part.text);
    const outputRedactor = await shared(text.length, redactorBeside(system, said));
    const turns = new Turns();
    for (const stretch of stretches) {
      await turns.share();
      const { part } = stretch;
      const { length } = part.text;
      const found = own.get(part)!;
      if (found.length > 0 && verdict.action === 'redact') await shared(length, stretch.readLeaves());
      const masks = await shared(length, answerMasks(system, found, stretch, outputRedactor));
      const back = restoring && part.made === undefined ? await shared(length, restoring.edits(part)) : [];
      let edits = orderEdits([...masks, ...back]);
      if (restoring && back.length > 0) {
        const changed = applyEdits(part.text, 0, edits);
        const [seen = []] = await questions.ask([wholeStretch(part, changed)]);
        if (restoring.refuses(found, seen)) {
          restoring.withdraw(back);
          edits = orderEdits(masks);
        }
      }
      if (edits.length > 0) changes.set(part, applyEdits(part.text, 0, edits));
    }
  }
  const steps = changes.applied(text);
  const changed = steps && (await shared(text.length, steps));
  const body = changed === null ? plain : Buffer.from(changed);
  return { body, verdict, usage, characters, restorations: restoring?.record ?? [] };
}

/** What reaches over several texts of an answer, told in each; and whether they make up the provider's credential, which never leaves. */
async function seamDetections(
  system: SystemSnapshot,
  alone: ReadonlyMap<TextPart, readonly Detection[]>,
  questions: AnswerQuestions,
): Promise<{ found: (Detection & { part: TextPart })[]; credential: boolean }> {
  const parts = [...alone.keys()].filter(({ made }) => made !== 'number');
  let characters = 0;
  for (const { text } of parts) characters += text.length;
  const known = (part: TextPart) =>
    alone
      .get(part)!
      .map(({ detector, severity, location: { start, end } }) => ({ detector, severity, start, end }));
  const readings = await shared(characters, seamReadings(parts, known));
  if (readings.length === 0) return { found: [], credential: false };
  const seen = await questions.askAboutSeams(
    readings.map((reading) => ({ text: reading.text, seams: reading.seamsIn(0, reading.length) })),
  );
  const found = seen.flatMap((detection) => {
    const view = detection.view === undefined ? 'joined' : `joined+${detection.view}`;
    return readings[Number(detection.location.pointer)]!.spansOf(detection).map(
      ({ source: { part }, start, end }) => ({
        ...detection,
        view,
        location: { pointer: part.pointer, start, end },
        part,
      }),
    );
  });
  const credential = credentialOf(system);
  const leaks = credential !== null && readings.some(({ text }) => saysCredential(text, credential));
  return { found, credential: leaks };
}
