import { z } from 'zod';
import { type AllowedGroup, RULES, TAKING, TEXT_FORM_NAMES } from './allow-list.ts';

const GROUPS_MAX = 10_000;

/** Names by module, with blanks between them. */
const namesSchema = z.record(z.string().min(1), z.string().min(1));

const takesSchema = z.strictObject({
  instances: z.string().min(1).optional(),
  names: z.string().min(1).optional(),
  state: z.number().int().min(0).max(64).optional(),
  texts: z.enum(TEXT_FORM_NAMES).optional(),
});

const groupSchema = z.strictObject({
  library: z.string(),
  provenance: z.string(),
  rule: z.enum(RULES),
  takes: takesSchema.optional(),
  globals: namesSchema,
  fresh: namesSchema.optional(),
  shared: namesSchema.optional(),
});

const namesOf = (part: AllowedGroup['fresh']): string[] =>
  Object.entries(part ?? {}).flatMap(([module, names]) =>
    names.split(' ').map((name) => `${module} ${name}`),
  );

/** What is wrong with a group, in words; null where nothing is. A name that decides nothing is a slip of who wrote it. */
function faultOf(group: AllowedGroup): string | null {
  if (TAKING.has(group.rule) && !group.takes)
    return `the rule \`${group.rule}\` needs \`takes\`: what its names are called with (\`{}\`: numbers, texts, bytes and containers)`;
  if (!TAKING.has(group.rule) && group.takes) return `the rule \`${group.rule}\` has no \`takes\``;
  const names = new Set(namesOf(group.globals));
  const shared = new Set(namesOf(group.shared));
  for (const part of ['fresh', 'shared'] as const) {
    const other = namesOf(group[part]).find((name) => !names.has(name));
    if (other !== undefined) return `\`${part}\` has \`${other}\`, which \`globals\` has not`;
  }
  const both = namesOf(group.fresh).find((name) => shared.has(name));
  return both === undefined ? null : `\`${both}\` is both fresh and shared`;
}

/**
 * Names that a project allows, out of a file of its own.
 * @throws Error in words where it is no sound list of {@link AllowedGroup}
 */
export function parseAllowedGroups(value: unknown): AllowedGroup[] {
  const parsed = z.array(groupSchema).max(GROUPS_MAX).safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`at \`/${issue!.path.join('/')}\`: ${issue!.message}`);
  }
  const groups = parsed.data as AllowedGroup[];
  for (const [at, group] of groups.entries()) {
    const fault = faultOf(group);
    if (fault !== null) throw new Error(`at \`/${at}\`: ${fault}`);
  }
  return groups;
}
