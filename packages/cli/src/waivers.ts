import { CodedError, clock } from '@sallyport/core';
import type { FileReport } from '@sallyport/scan';
import { parse } from 'yaml';
import { z } from 'zod';
import { readText } from './options.ts';

const waiverSchema = z.strictObject({
  technique: z.string().min(1),
  /** The end of the path, by whole parts. */
  path: z.string().min(1),
  reason: z.string().min(3),
  /** The last day that it holds. */
  until: z.iso.date(),
});
/** What somebody accepts of what is found, until when and why. */
export type Waiver = z.infer<typeof waiverSchema>;

/** Reads waivers from a file of YAML or JSON. @throws CodedError `usage`, `config-invalid` naming the entry */
export function readWaivers(path: string | undefined): readonly Waiver[] {
  if (path === undefined) return [];
  let value: unknown;
  try {
    value = parse(readText(path), { maxAliasCount: 100, schema: 'core' });
  } catch (fault) {
    if (fault instanceof CodedError) throw fault;
    throw new CodedError('config-invalid', `\`${path}\` is neither YAML nor JSON`);
  }
  const read = z.array(waiverSchema).safeParse(value ?? []);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new CodedError('config-invalid', `\`${path}\`: ${issue!.path.join('.')}: ${issue!.message}`);
}

const endsWith = (path: string, end: string): boolean =>
  path === end || path.replaceAll('\\', '/').endsWith(`/${end.replace(/^\.?\//, '')}`);

/** Takes out what is waived today. @returns the rest, and how many detections were taken out */
export function waive<T extends FileReport>(
  files: readonly T[],
  waivers: readonly Waiver[],
): { files: T[]; waived: number } {
  const today = clock.nowIso().slice(0, 10);
  const live = waivers.filter(({ until }) => until >= today);
  let waived = 0;
  const left = files.map((file) => {
    const detections = file.detections.filter(
      ({ technique }) => !live.some((one) => one.technique === technique && endsWith(file.path, one.path)),
    );
    waived += file.detections.length - detections.length;
    return detections.length === file.detections.length ? file : { ...file, detections };
  });
  return { files: left, waived };
}
