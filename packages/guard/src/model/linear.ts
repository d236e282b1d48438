import { AGAIN, type FeatureBuffer } from './features.ts';

/** A linear model over hashed features: a weight in a byte for each bucket. The number of buckets is a power of two. */
export interface LinearWeights {
  readonly bytes: Int8Array;
  /** What a step of a byte is worth. */
  readonly scale: number;
  readonly bias: number;
}

/** A part of a text and how much like an attack it reads, as log-odds before calibration. */
export interface WindowScore {
  readonly score: number;
  /** Characters of the text, from and to. */
  readonly start: number;
  readonly end: number;
}

/** Segments that one window takes in at most; besides, the whole text is one. */
export const WINDOW_SEGMENTS = 3;
/** Features that a window counts as having at least: a few words alone say little. */
export const WINDOW_FEATURES_MIN = 24;
/** What a window must exceed the whole text by, times the logarithm of the number of segments: many have more chances. */
export const WINDOW_PENALTY = 0.3;

let sums = new Float64Array(256);

/**
 * The window that reads most like an attack: any one to {@link WINDOW_SEGMENTS} neighbouring segments, or the whole
 * text. The sum over a window is divided by the root of its number of features, so that long and short compare.
 */
export function worstWindow(buffer: FeatureBuffer, weights: LinearWeights): WindowScore {
  const { bytes, scale, bias } = weights;
  const { hashes, ends, starts, stops } = buffer;
  const mask = bytes.length - 1;
  const last = ends.length - 1;
  if (last < 0) return { score: bias, start: 0, end: 0 };
  if (sums.length < ends.length + 1) sums = new Float64Array(ends.length * 2);
  let at = 0;
  let sum = 0;
  let once = 0;
  let count = 0;
  sums[0] = 0;
  for (let segment = 0; segment <= last; segment++) {
    const end = ends[segment]!;
    for (; at < end; at++) {
      const weight = bytes[hashes[at]! & mask]!;
      sum += weight;
      if (hashes[at]! < AGAIN) {
        once += weight;
        count++;
      }
    }
    sums[segment + 1] = sum;
  }
  const penalty = last > 0 ? (WINDOW_PENALTY * Math.log(last + 1)) / scale : 0;
  let best = once / Math.sqrt(Math.max(count, WINDOW_FEATURES_MIN));
  let from = 0;
  let to = last;
  for (let end = 0; end <= last; end++) {
    for (let begin = Math.max(0, end - WINDOW_SEGMENTS + 1); begin <= end; begin++) {
      const features = ends[end]! - (begin === 0 ? 0 : ends[begin - 1]!);
      const here =
        (sums[end + 1]! - sums[begin]!) / Math.sqrt(Math.max(features, WINDOW_FEATURES_MIN)) - penalty;
      if (here > best) {
        best = here;
        from = begin;
        to = end;
      }
    }
  }
  return { score: best * scale + bias, start: starts[from]!, end: stops[to]! };
}
