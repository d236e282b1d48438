import type { FileDetection, FileLocation, Severity } from '@sallyport/core';

/**
 * What a detection makes of the file it is in, from worst to mildest. The last is of files of which nothing is known: nothing was
 * looked for in them, and they are none of the others.
 */
export const VERDICTS = ['malicious', 'suspicious', 'incomplete', 'review', 'clean', 'unrecognised'] as const;
export type FileVerdict = (typeof VERDICTS)[number];

/** One kind of thing that can be found. */
export interface Technique {
  readonly detector: string;
  readonly verdict: FileVerdict;
  readonly severity: Severity;
  /** What it is, in one sentence. */
  readonly about: string;
  /** CWE, MITRE ATLAS, OWASP. */
  readonly references: readonly string[];
  /** What to do about it. */
  readonly remedy: string;
}

/** What loading a pickle unseen is called. */
export const UNSAFE_LOAD = ['CWE-502', 'AML.T0011.000', 'AML.T0018', 'LLM03:2025'];
/** For what was made to do harm. */
export const FROM_ELSEWHERE =
  'do not load it; get the model from its maker, in safetensors or ONNX where there is a choice';
/** For what may be meant well. */
export const ASK =
  'ask its maker for a format without code, or allow the name for this project after reading what it does';

/** One technique. */
export const row = (
  detector: string,
  verdict: FileVerdict,
  severity: Severity,
  about: string,
  references: readonly string[],
  remedy: string,
): Technique => ({ detector, verdict, severity, about, references, remedy });

/** What was found, as every report says it. */
export const detection = (
  { detector, severity, references, remedy }: Technique,
  technique: string,
  message: string,
  location: FileLocation,
): FileDetection => ({ detector, technique, severity, message, location, references, remedy });

/** The worse of two verdicts. */
export const worstVerdict = (a: FileVerdict, b: FileVerdict): FileVerdict =>
  VERDICTS.indexOf(a) <= VERDICTS.indexOf(b) ? a : b;
