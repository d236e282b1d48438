import { CodedError, decodeUtf8, parseStrictJson, replaceStrings, type Verdict } from '@sallyport/core';
import { watchedPrompts } from '@sallyport/guard';
import type { TextPart, Usage } from '@sallyport/models';
import { conditionsOnAnswer, conditionsOnRows, conditionsOnTools } from './conditions.ts';
import type { Deps, Exchange } from './exchange.ts';
import { requestOf } from './inspection.ts';
import { inspectTexts } from './leaked-keys.ts';
import { isProse } from './request-texts.ts';
import { applyEdits, byPointer, maskings, orderEdits, redactorFor, restorations } from './rewrite.ts';
import { squeezeDetections } from './squeeze.ts';
import { verdictOf } from './state.ts';
import { ToolCalls } from './tool-calls.ts';
import { isLarge, othersFirst } from './turns.ts';

/** A complete answer, judged. */
export interface JudgedAnswer {
  /** Bytes to send: those that came, unless policy or restoring changed them. */
  readonly body: Buffer;
  readonly verdict: Verdict & { texts: number };
  readonly usage: Usage | null;
  readonly characters: number;
}

/** System and developer messages of a request, to notice when they come back: as much of them as is watched. */
export function systemPromptsOf(exchange: Exchange): string[] {
  const own = exchange.reading!.parts.filter((part) => part.system && isProse(part));
  return watchedPrompts(own.map((part) => part.text));
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
  let parts: readonly TextPart[];
  try {
    text = decodeUtf8(plain);
    data = parseStrictJson(text);
    parts = looking ? exchange.dialect.readResponse(exchange.operation!.id, data) : [];
  } catch (cause) {
    throw new CodedError('upstream-invalid', 'the answer is not valid JSON', { cause });
  }
  const large = isLarge(plain.length);
  if (large) await othersFirst();
  const systemPrompts = systemPromptsOf(exchange);
  const settings = requestOf(system, true);
  const found = inspectTexts(
    exchange,
    deps,
    parts.map((part) => ({
      text: part.text,
      pointer: part.pointer,
      channel: 'output',
      systemPrompts,
      ...settings,
      tool: part.kind === 'json',
    })),
  );
  const detections = [...(found instanceof Promise ? await found : found)];
  if (large) await othersFirst();
  if (exchange.conditions) {
    const calls = new ToolCalls();
    const operation = exchange.operation!.id;
    const pieces = exchange.dialect.toolPieces(operation, data);
    detections.push(
      ...conditionsOnTools(exchange, [...calls.push(pieces), ...calls.end()]),
      ...conditionsOnAnswer(exchange, parts, detections),
      // An error has no rows.
      ...(status < 400 ? conditionsOnRows(exchange, data) : []),
    );
  }
  if (deps.start.detectors && status < 400)
    detections.push(...(await squeezeDetections(exchange, deps, data)));
  const verdict = {
    ...verdictOf(system, 'output', detections),
    texts: deps.start.detectors ? parts.length : 0,
  };
  let characters = looking ? 0 : plain.length;
  for (const part of parts) characters += part.text.length;
  const replacements = new Map<string, string>();
  if (verdict.action !== 'deny' && (verdict.action === 'redact' || exchange.redactor?.used)) {
    const outputRedactor = redactorFor(
      system,
      parts.map((part) => part.text),
    );
    const found = byPointer(detections);
    for (const part of parts) {
      const edits = orderEdits([
        ...maskings(system, found.get(part.pointer) ?? [], part.text, part.kind, outputRedactor),
        ...restorations(part.text, part.kind, exchange.redactor),
      ]);
      if (edits.length > 0) replacements.set(part.pointer, applyEdits(part.text, 0, edits));
    }
  }
  const usage = exchange.dialect.usage(data);
  if (replacements.size === 0) return { body: plain, verdict, usage, characters };
  return { body: Buffer.from(replaceStrings(text, replacements)), verdict, usage, characters };
}
