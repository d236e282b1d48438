import { z } from 'zod';
import { systemNameSchema } from './config-values.ts';
import { countUpTo, NUMBER_LIMITS } from './numbers.ts';

/** Rows that the table of prices may have. */
export const PRICE_ROWS_MAX = 2_000;

/** A price in US dollars. */
export const perMillion = z.number().min(0).max(1_000_000);

/** US dollars for a million tokens. Those of a kind that has no price of its own cost what others cost in its direction. */
export const priceSetSchema = z.strictObject({
  inputPerMillion: perMillion,
  outputPerMillion: perMillion,
  /** Input that a cache of the provider had. */
  cacheReadPerMillion: perMillion.optional(),
  /** Input that went into one; for an hour, where that costs otherwise. */
  cacheWritePerMillion: perMillion.optional(),
  cacheWriteHourPerMillion: perMillion.optional(),
  audioInputPerMillion: perMillion.optional(),
  /** Output that is thought and not said. */
  reasoningPerMillion: perMillion.optional(),
  audioOutputPerMillion: perMillion.optional(),
});
export type PriceSet = z.infer<typeof priceSetSchema>;

/** What the tokens of a model cost. */
export const priceRowSchema = priceSetSchema.extend({
  /** As callers name it; a star at the end stands for any ending. */
  model: z
    .string()
    .regex(/^[\w.:@/+-]{0,127}(?:[\w.:@/+-]|\*)$/, 'is the name of a model, or its beginning and a star'),
  /** Of which system; of any where it is absent. */
  system: systemNameSchema.optional(),
});
export type PriceRow = z.infer<typeof priceRowSchema>;

/** The prices of all models: each model of a system once. */
export const priceRowsSchema = z
  .array(priceRowSchema)
  .max(PRICE_ROWS_MAX)
  .superRefine((rows, context) => {
    const seen = new Set<string>();
    for (const [n, { system, model }] of rows.entries()) {
      const key = `${system ?? ''} ${model}`;
      if (seen.has(key))
        context.addIssue({ code: 'custom', path: [n, 'model'], message: `names \`${model}\` a second time` });
      seen.add(key);
    }
  });

/** Tokens of a call by what they are; each is among those of its direction. */
export interface TokenKinds {
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Of those, for an hour. */
  readonly cacheWriteHour: number;
  readonly audioInput: number;
  readonly reasoning: number;
  readonly audioOutput: number;
}

/** Tokens of no kind. */
export const NO_KINDS: TokenKinds = {
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  audioInput: 0,
  reasoning: 0,
  audioOutput: 0,
};

/** Kinds that fit into what they are among: what an AI system says of them may be anything. */
export function boundKinds(kinds: TokenKinds, inputTokens: number, outputTokens: number): TokenKinds {
  const cacheRead = countUpTo(kinds.cacheRead, inputTokens);
  const cacheWrite = countUpTo(kinds.cacheWrite, inputTokens - cacheRead);
  const reasoning = countUpTo(kinds.reasoning, outputTokens);
  return {
    cacheRead,
    cacheWrite,
    cacheWriteHour: countUpTo(kinds.cacheWriteHour, cacheWrite),
    audioInput: countUpTo(kinds.audioInput, inputTokens - cacheRead - cacheWrite),
    reasoning,
    audioOutput: countUpTo(kinds.audioOutput, outputTokens - reasoning),
  };
}

/** What tokens cost, in millionths of a US dollar, rounded up. @param kinds as {@link boundKinds} has them */
export function costOf(
  prices: PriceSet,
  inputTokens: number,
  outputTokens: number,
  kinds: TokenKinds,
): number {
  const { cacheRead, cacheWrite, cacheWriteHour, audioInput, reasoning, audioOutput } = kinds;
  const { inputPerMillion: input, outputPerMillion: output } = prices;
  const write = prices.cacheWritePerMillion ?? input;
  const cost =
    (inputTokens - cacheRead - cacheWrite - audioInput) * input +
    cacheRead * (prices.cacheReadPerMillion ?? input) +
    (cacheWrite - cacheWriteHour) * write +
    cacheWriteHour * (prices.cacheWriteHourPerMillion ?? write) +
    audioInput * (prices.audioInputPerMillion ?? input) +
    (outputTokens - reasoning - audioOutput) * output +
    reasoning * (prices.reasoningPerMillion ?? output) +
    audioOutput * (prices.audioOutputPerMillion ?? output);
  // Of decimal prices the sum may be a hair too large.
  return countUpTo(Math.ceil(Number(cost.toPrecision(12))), NUMBER_LIMITS.costMicroUsdMax);
}

/** Finds the prices of a model: those for its system before those for any, its name before a beginning, a longer one first. */
export class PriceTable {
  readonly #exact = new Map<string, PriceSet>();
  readonly #beginnings: { system: string | undefined; beginning: string; prices: PriceSet }[] = [];

  constructor(rows: readonly PriceRow[]) {
    for (const { system, model, ...prices } of rows)
      if (model.endsWith('*')) this.#beginnings.push({ system, beginning: model.slice(0, -1), prices });
      else this.#exact.set(`${system ?? ''} ${model}`, prices);
    this.#beginnings.sort((a, b) => b.beginning.length - a.beginning.length);
  }

  /** Null where none are set. */
  of(system: string, model: string): PriceSet | null {
    for (const own of [system, undefined]) {
      const exact = this.#exact.get(`${own ?? ''} ${model}`);
      if (exact) return exact;
      const begun = this.#beginnings.find((one) => one.system === own && model.startsWith(one.beginning));
      if (begun) return begun.prices;
    }
    return null;
  }
}

/** What each kind costs. */
function perKind(prices: PriceSet): number[] {
  const { inputPerMillion: input, outputPerMillion: output } = prices;
  const write = prices.cacheWritePerMillion ?? input;
  return [
    ...[input, output, write, prices.cacheReadPerMillion ?? input],
    ...[prices.cacheWriteHourPerMillion ?? write, prices.audioInputPerMillion ?? input],
    ...[prices.reasoningPerMillion ?? output, prices.audioOutputPerMillion ?? output],
  ];
}

/** Whether any model costs less by one table than by another, or nothing that is known: then limits of spend hold less. */
export function costsLess(rows: readonly PriceRow[], before: readonly PriceRow[]): boolean {
  const [table, known] = [new PriceTable(rows), new PriceTable(before)];
  return [...before, ...rows].some(({ system = '', model }) => {
    const own = known.of(system, model);
    if (own === null) return false;
    const next = table.of(system, model);
    const least = perKind(own);
    return next === null || perKind(next).some((price, kind) => price < least[kind]!);
  });
}
