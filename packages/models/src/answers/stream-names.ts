import { CodedError, LIMITS } from '@sallyport/core';

/**
 * What one stream named so far, such as the ids and places of its items, and what is known of each. A stream that names more
 * than any honest one does is refused.
 * @throws CodedError `upstream-too-large` past {@link LIMITS.streamNamesMax} names, or {@link LIMITS.streamNamesCharactersMax}
 * characters of them
 */
export class StreamNames<Value> extends Map<unknown, Value> {
  #characters = 0;

  override set(name: unknown, value: Value): this {
    if (!this.has(name)) {
      this.#characters += String(name).length;
      if (this.size >= LIMITS.streamNamesMax || this.#characters > LIMITS.streamNamesCharactersMax)
        throw new CodedError('upstream-too-large', 'the stream names too many items');
    }
    return super.set(name, value);
  }
}
