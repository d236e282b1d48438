import { z } from 'zod';
import { SEVERITIES, type Severity } from './severity.ts';

/** The detectors a policy can set an action for. */
export const DETECTORS = [
  'injection',
  'pii',
  'secret',
  'canary',
  'system-prompt-leak',
  'link',
  'obfuscation',
  'schema',
  'attachment',
  'rule',
  'command',
  'condition',
  'training-echo',
  'content',
  'unread',
] as const;
export type DetectorName = (typeof DETECTORS)[number];

/** Where a detection lies. Offsets are UTF-16 code units into the text at `pointer` (RFC 6901). */
export interface DetectionLocation {
  readonly pointer: string;
  readonly start: number;
  readonly end: number;
}

/** What one inspection saw: immutable, and never holding the offending text. */
export interface Detection {
  readonly detector: DetectorName;
  /** Rule or entity, such as `instruction-override` or `credit-card`. */
  readonly technique: string;
  readonly severity: Severity;
  /** 0 to 1. */
  readonly confidence: number;
  readonly location: DetectionLocation;
  /** `LLM01:2025`, `AML.T0051`, `CWE-1427` and the like. */
  readonly references: readonly string[];
  /** The chain of decodings under which it was seen, such as `base64`; absent for the text as written. */
  readonly view?: string;
  /** Seen by a rule that is on trial: noted, and nothing done about it. */
  readonly shadow?: boolean;
  /**
   * Where an edit is not possible: `fixed` is an id, an address or bytes, `number` a number, `header` a header of the
   * request, which can be left out. Absent for texts.
   */
  readonly place?: 'fixed' | 'number' | 'header';
}

/** The schema of {@link Detection} for readers outside the process. */
export const detectionSchema = z.object({
  detector: z.enum(DETECTORS),
  technique: z.string(),
  severity: z.enum(SEVERITIES),
  confidence: z.number().min(0).max(1),
  location: z.object({ pointer: z.string(), start: z.number().int(), end: z.number().int() }),
  references: z.array(z.string()),
  view: z.string().optional(),
  shadow: z.boolean().optional(),
  place: z.enum(['fixed', 'number', 'header']).optional(),
});

/** Where in a file a detection lies. */
export interface FileLocation {
  /** The file, and behind each `!` a member of an archive or a part of a structure. */
  readonly path: string;
  /** Bytes from the beginning of what `path` names. */
  readonly offset?: number;
  /** The instruction there, such as `REDUCE`. */
  readonly opcode?: string;
  /** From 1, in texts. */
  readonly line?: number;
  /** A place in JSON or in the structure of a model (RFC 6901). */
  readonly pointer?: string;
}

/** What a static analysis saw in a file: immutable, and never holding more of it than names. */
export interface FileDetection {
  readonly detector: string;
  readonly technique: string;
  readonly severity: Severity;
  /** In plain words. */
  readonly message: string;
  readonly location: FileLocation;
  /** `CWE-502`, `AML.T0018`, `LLM03:2025` and the like. */
  readonly references: readonly string[];
  /** What to do about it. */
  readonly remedy: string;
}

/** The schema of {@link FileDetection} for readers outside the process. */
export const fileDetectionSchema = z.object({
  detector: z.string(),
  technique: z.string(),
  severity: z.enum(SEVERITIES),
  message: z.string(),
  location: z.object({
    path: z.string(),
    offset: z.number().int().optional(),
    opcode: z.string().optional(),
    line: z.number().int().optional(),
    pointer: z.string().optional(),
  }),
  references: z.array(z.string()),
  remedy: z.string(),
});

/** What policy does about a detection. */
export const ACTIONS = ['allow', 'flag', 'redact', 'deny'] as const;
export type Action = (typeof ACTIONS)[number];

/** What an inspection decided: the strictest action over all detections. */
export interface Verdict {
  /** What is done. */
  readonly action: Action;
  /** What enforcing would have done; differs from `action` only in observe mode. */
  readonly wouldBe: Action;
  readonly detections: readonly Detection[];
}

/** The stricter of two actions. */
export function stricter(a: Action, b: Action): Action {
  return ACTIONS.indexOf(a) >= ACTIONS.indexOf(b) ? a : b;
}
