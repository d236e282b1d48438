import type { Detection } from '@sallyport/core';
import type { TextPart, ToolPiece } from '@sallyport/models';
import { conditionsOnAnswer, conditionsOnTools } from './conditions.ts';
import type { Exchange } from './exchange.ts';
import { ToolCalls } from './tool-calls.ts';

/**
 * Business rules over an answer that comes in pieces. What they ask for is held until they have decided: calls of tools
 * each until it is complete, the whole answer where a condition reads it.
 */
export class StreamConditions {
  readonly #exchange: Exchange;
  readonly #tools: ToolCalls | null;
  readonly #texts: Map<string, TextPart> | null;
  #complete: ReturnType<ToolCalls['push']> = [];
  /** Something was put together and not yet found good. */
  #undecided = false;
  #ended = false;

  constructor(exchange: Exchange) {
    const conditions = exchange.conditions!;
    this.#exchange = exchange;
    this.#tools = conditions.has('tool') ? new ToolCalls() : null;
    this.#texts = conditions.has('call', true) ? new Map() : null;
  }

  /** Whether calls of tools are judged. */
  get ofTools(): boolean {
    return this.#tools !== null;
  }

  /** Takes the texts of one event, and what it says of calls of tools; says whether it is part of one. */
  push(pieces: readonly ToolPiece[], parts: readonly TextPart[]): boolean {
    if (this.#texts) {
      for (const part of parts) {
        const key = part.stream ?? `${this.#texts.size}`;
        const before = this.#texts.get(key);
        this.#texts.set(key, before ? { ...before, text: before.text + part.text } : part);
      }
    }
    if (!this.#tools || pieces.length === 0) return false;
    this.#complete = this.#tools.push(pieces);
    this.#undecided ||= this.#complete.length > 0;
    return true;
  }

  /** What there is to say of the calls of tools that became complete. Call {@link decided} once it was not denied. */
  judge(): Detection[] {
    const calls = this.#complete;
    this.#complete = [];
    return conditionsOnTools(this.#exchange, calls);
  }

  /** What was judged last was not denied. */
  decided(): void {
    this.#undecided = false;
  }

  /**
   * What there is to say at the end; call {@link decided} once it was not denied.
   * @param findings what was found in the texts
   * @param whole whether the answer came to its end; where it did not, calls of tools that are still open stay here
   */
  end(findings: readonly Detection[], whole: boolean): Detection[] {
    const calls = whole ? (this.#tools?.end() ?? []) : [];
    this.#undecided = true;
    this.#ended = true;
    return [
      ...conditionsOnTools(this.#exchange, calls),
      ...conditionsOnAnswer(this.#exchange, [...(this.#texts?.values() ?? [])], findings),
    ];
  }

  /** Whether an event must wait. @param tool whether it is part of a call of a tool */
  holds(tool: boolean): boolean {
    if (this.#texts && (!this.#ended || this.#undecided)) return true;
    return tool && (this.#undecided || this.#tools!.open);
  }
}
