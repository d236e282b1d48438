import { CodedError, type Detection, type RowProfile } from '@sallyport/core';
import { type RequestPart, readOutputTensors, type Tensor, type TextPart } from '@sallyport/models';
import type { ConditionFinding, Facts } from '@sallyport/policy';
import { type Exchange, gravest } from './exchange.ts';
import { isProse } from './request-texts.ts';
import { featureCells } from './rows.ts';
import type { ToolCall } from './tool-calls.ts';

/** Rows of one call that conditions are asked about. */
const ROWS_MAX = 4_096;
/** Characters of the texts of a call that conditions are shown; beyond, nobody can tell. */
const TEXT_MAX = 262_144;

/** Findings that conditions are shown, the gravest where there are more. */
const FINDINGS_MAX = 1_024;

/** A condition that holds, as a detection. @param pointer what it is about */
function detectionOf({ condition, judged }: ConditionFinding, pointer: string): Detection {
  const { id, severity, references, mode } = condition;
  return {
    detector: 'condition',
    technique: judged ? id : `${id}-not-judged`,
    severity,
    confidence: 1,
    location: { pointer, start: 0, end: 0 },
    references,
    ...(mode === 'shadow' && { shadow: true }),
  };
}

/** What every condition knows. */
function callFacts(exchange: Exchange): Facts {
  return {
    system: exchange.system!.name,
    operation: exchange.operation!.id,
    model: exchange.reading!.model ?? '',
    key: exchange.key!.name,
  };
}

/** Rows of a tensor: a value by itself is one. */
const rowsOf = (shape: readonly number[]): number => shape[0] ?? 1;

/** Values of each row, by the names of their tensors. */
const byTensor = (tensors: readonly Tensor[], rows: number): Facts[] =>
  Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(
      tensors.flatMap(({ name, shape, values }) => {
        // What is not given row by row is not given for any.
        if (rowsOf(shape) !== rows) return [];
        const width = values.length / rows;
        const own = values.slice(row * width, (row + 1) * width);
        return [[name, width === 1 ? own[0] : own] as const];
      }),
    ),
  );

/** Values of each row of a request, by feature where the system has a profile. @throws CodedError `body-too-large` for more than conditions are asked about */
function inputRows(tensors: readonly Tensor[], profile: RowProfile | null): Facts[] {
  const cells = profile && featureCells(tensors, profile);
  // As many as any has: what the first tensor says of itself must not say how many others have.
  const rows = cells?.length ?? tensors.reduce((most, { shape }) => Math.max(most, rowsOf(shape)), 0);
  if (rows > ROWS_MAX)
    throw new CodedError(
      'body-too-large',
      `send at most ${ROWS_MAX} rows in one call: conditions look at each`,
    );
  if (!cells) return byTensor(tensors, rows);
  return cells.map((row) =>
    Object.fromEntries(row.map(({ value }, n) => [profile.features[n]!.name, value])),
  );
}

/**
 * What conditions make of each row of a classifier's call.
 * @param answer null before there is one
 * @throws CodedError `upstream-invalid` where the answer has no tensors that can be read
 */
export function conditionsOnRows(exchange: Exchange, answer: unknown): Detection[] {
  const { conditions } = exchange;
  if (!conditions) return [];
  const needsOutput = answer !== null;
  const { tensors } = exchange.reading!;
  if (!tensors || !conditions.has('row', needsOutput)) return [];
  const call = callFacts(exchange);
  const inputs = inputRows(tensors, exchange.system!.rowProfile);
  const rows = inputs.length;
  const outputs = needsOutput ? byTensor(readOutputTensors(answer), rows) : null;
  const found: Detection[] = [];
  for (let row = 0; row < rows; row++) {
    const facts = { call, input: inputs[row], ...(outputs && { output: outputs[row] }) };
    for (const finding of conditions.judge('row', facts, needsOutput))
      found.push(
        detectionOf(
          finding,
          needsOutput ? '/outputs' : tensors[0]!.pointerOf(rowStart(tensors[0]!, rows, row)),
        ),
      );
  }
  return found;
}

const rowStart = (tensor: Tensor, rows: number, row: number): number =>
  Math.max(0, Math.min(tensor.values.length - 1, Math.floor((tensor.values.length / rows) * row)));

/** Texts by who says them, and what was found in them. */
function textFacts(parts: readonly (TextPart | RequestPart)[], findings: readonly Detection[]): Facts {
  let characters = 0;
  for (const { text } of parts) characters += text.length;
  const told = gravest(findings, FINDINGS_MAX).map(({ detector, technique, severity, confidence }) => ({
    detector,
    technique,
    severity,
    confidence,
  }));
  // Without the text nobody can tell, and what nobody can tell counts as wrong.
  if (characters > TEXT_MAX) return { findings: told };
  const said = (...channels: TextPart['channel'][]): string =>
    parts
      .filter((part) => channels.includes(part.channel) && !part.system && isProse(part))
      .map(({ text }) => text)
      .join('\n');
  const [answer] = parts;
  return answer?.channel === 'output'
    ? { text: said('output'), findings: told }
    : { text: said('user', 'assistant', 'operator'), documents: said('document'), findings: told };
}

/** What conditions make of a request, before it is forwarded. */
export function conditionsOnRequest(exchange: Exchange, findings: readonly Detection[]): Detection[] {
  const { conditions } = exchange;
  if (!conditions) return [];
  const found = conditionsOnRows(exchange, null);
  if (!exchange.reading!.tensors && conditions.has('call', false)) {
    const facts = { call: callFacts(exchange), input: textFacts(exchange.reading!.parts, findings) };
    for (const finding of conditions.judge('call', facts, false)) found.push(detectionOf(finding, ''));
  }
  return found;
}

/** What conditions make of calls of tools. */
export function conditionsOnTools(exchange: Exchange, calls: readonly ToolCall[]): Detection[] {
  const { conditions } = exchange;
  if (!conditions || calls.length === 0) return [];
  const call = callFacts(exchange);
  return calls.flatMap((tool) =>
    conditions.judge('tool', { call, tool }).map((finding) => detectionOf(finding, '')),
  );
}

/** What conditions make of an answer as a whole. @param texts its texts; @param findings what was found in them */
export function conditionsOnAnswer(
  exchange: Exchange,
  texts: readonly TextPart[],
  findings: readonly Detection[],
): Detection[] {
  const { conditions } = exchange;
  if (!conditions?.has('call', true)) return [];
  const facts = {
    call: callFacts(exchange),
    input: textFacts(exchange.reading!.parts, exchange.inputVerdict?.detections ?? []),
    output: textFacts(texts, findings),
  };
  return conditions.judge('call', facts, true).map((finding) => detectionOf(finding, ''));
}
