import type { Deps, Exchange } from './exchange.ts';
import { inspectTexts } from './leaked-keys.ts';
import { repeatsOf, systemPromptsOf } from './output-gate.ts';
import { redactorFor } from './rewrite.ts';
import { StreamConditions } from './stream-conditions.ts';
import { StreamGate } from './stream-gate.ts';

/** The gate for the stream that an exchange is answered with. */
export const openGate = (exchange: Exchange, deps: Deps): StreamGate =>
  new StreamGate({
    dialect: exchange.dialect,
    operation: exchange.operation!.id,
    system: exchange.system!,
    systemPrompts: systemPromptsOf(exchange),
    redactor: exchange.redactor,
    outputRedactor: redactorFor(exchange.system!),
    inspect: (requests) => inspectTexts(exchange, deps, requests),
    repeats: repeatsOf(exchange),
    conditions: exchange.conditions && new StreamConditions(exchange),
  });
