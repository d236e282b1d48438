/** Where Python's `str.splitlines` ends a line, and with it pip, IPython and what reads `.pth` files. */
export const PYTHON_LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** A text as shells read it: they pass over U+0000. */
export const withoutNul = (text: string): string => text.replaceAll('\0', '');

/**
 * Finds the line of an offset in a text, in time that does not grow with the text for each question asked.
 * @returns a function from an offset in characters to a line, counted from 1
 */
export function lineFinder(text: string): (offset: number) => number {
  let starts: number[] | null = null;
  return (offset) => {
    if (!starts) {
      starts = [0];
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    }
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
