import type { StreamParser } from '@sallyport/models';
import type { Deps, Exchange } from './exchange.ts';
import { inspectTexts } from './leaked-keys.ts';
import { saidIn, systemPromptsOf } from './output-gate.ts';
import { redactorFor } from './rewrite.ts';
import { StreamConditions } from './stream-conditions.ts';
import { type DecodedSink, StreamDecoder } from './stream-decoder.ts';
import { StreamGate } from './stream-gate.ts';

/** The gate for the stream that an exchange is answered with. */
const openGate = (exchange: Exchange, deps: Deps): StreamGate =>
  new StreamGate({
    dialect: exchange.dialect,
    operation: exchange.operation!.id,
    system: exchange.system!,
    systemPrompts: systemPromptsOf(exchange),
    redactor: exchange.redactor,
    outputRedactor: redactorFor(exchange.system!),
    inspect: (requests) => inspectTexts(exchange, deps, requests),
    said: saidIn(exchange),
    choices: exchange.reading!.choices,
    conditions: exchange.conditions && new StreamConditions(exchange),
  });

/** A stream that an exchange is answered with, and what its bytes go through. */
export interface OpenStream {
  readonly gate: StreamGate;
  readonly parser: StreamParser;
  /** Null where it does not come compressed. */
  readonly decoder: StreamDecoder | null;
}

/** Opens a stream. @param sink takes what was compressed @throws CodedError `upstream-invalid` for an encoding that is not known */
export const openStream = (
  exchange: Exchange,
  deps: Deps,
  encoding: string | undefined,
  sink: DecodedSink,
): OpenStream => ({
  decoder: StreamDecoder.of(encoding, sink),
  parser: exchange.dialect.framing.parser(deps.state().settings.limits.streamEventBytesMax),
  gate: openGate(exchange, deps),
});
