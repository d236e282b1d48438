import { replaceStrings } from '@sallyport/core';
import type { Framing } from '@sallyport/models';
import { applyEdits } from './rewrite.ts';
import type { Held } from './stream-lanes.ts';

/** An event as it goes out: a frame of its own, with texts replaced in place. */
export function renderHeld({ name, data, segments }: Held, framing: Framing): string {
  const replacements = new Map<string, string>();
  let edited = false;
  for (const { channel, pointer, text, start, edits, padding } of segments) {
    if (channel) channel.gone = start + text.length;
    const changed = channel ? channel.edits.apply(text, start) : applyEdits(text, start, edits);
    if (changed === text) continue;
    replacements.set(pointer, changed);
    edited ||= !padding;
  }
  let said = replacements.size === 0 ? data : replaceStrings(data, replacements);
  if (edited) said = withoutTokenDetails(said);
  return framing.render(name, said);
}

/** Log probabilities spell the text out token by token; where the text was changed they go. */
function withoutTokenDetails(data: string): string {
  if (!data.includes('"logprobs"')) return data;
  return JSON.stringify(JSON.parse(data, (key, value: unknown) => (key === 'logprobs' ? null : value)));
}
