/** A value as it stands inside of as many JSON strings: each needs its escapes. */
export function embed(value: string, depth: number): string {
  let text = value;
  for (let n = 0; n < depth; n++) text = JSON.stringify(text).slice(1, -1);
  return text;
}

/** What a piece of a text says that stands inside of as many JSON strings; as it is written, where its escapes are none. */
export function unembed(text: string, depth: number): string {
  let value = text;
  for (let n = 0; n < depth && value.includes('\\'); n++) {
    try {
      value = JSON.parse(`"${value}"`) as string;
    } catch {
      return value;
    }
  }
  return value;
}
