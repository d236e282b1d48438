/** What a placeholder looks like: `[EMAIL_1]`. */
export const PLACEHOLDER = /\[([A-Z][A-Z-]{1,24})_(\d{1,4})\]/g;

/** Replaces values by placeholders, and placeholders by the values again, within one exchange. */
export class Redactor {
  readonly #byValue = new Map<string, string>();
  readonly #byPlaceholder = new Map<string, string>();
  readonly #taken: Set<string>;

  /** @param existing texts whose own placeholder-like words must not be restored by mistake */
  constructor(existing: readonly string[] = []) {
    this.#taken = new Set(
      existing.flatMap((text) => (text.includes('_') ? (text.match(PLACEHOLDER) ?? []) : [])),
    );
  }

  /** Whether anything was redacted. */
  get used(): boolean {
    return this.#byPlaceholder.size > 0;
  }

  /** The placeholder of a value: the same value gets the same one. */
  placeholder(technique: string, value: string): string {
    const known = this.#byValue.get(value);
    if (known) return known;
    const stem =
      technique
        .toUpperCase()
        .replaceAll(/[^A-Z-]/g, '')
        .slice(0, 20) || 'VALUE';
    let number = 1;
    while (this.#byPlaceholder.has(`[${stem}_${number}]`) || this.#taken.has(`[${stem}_${number}]`)) number++;
    const made = `[${stem}_${number}]`;
    this.#byValue.set(value, made);
    this.#byPlaceholder.set(made, value);
    return made;
  }

  /** Replaces the spans of a text, which may overlap. */
  redact(text: string, spans: readonly { start: number; end: number; technique: string }[]): string {
    const merged: { start: number; end: number; technique: string }[] = [];
    for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
      const last = merged.at(-1);
      if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
      else merged.push({ ...span });
    }
    let out = '';
    let at = 0;
    for (const span of merged) {
      out += text.slice(at, span.start) + this.placeholder(span.technique, text.slice(span.start, span.end));
      at = span.end;
    }
    return out + text.slice(at);
  }

  /** The value behind a placeholder that this exchange made, or undefined. */
  restore(placeholder: string): string | undefined {
    return this.#byPlaceholder.get(placeholder);
  }
}
