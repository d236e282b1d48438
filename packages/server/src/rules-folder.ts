import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type Condition, describeIssue, ruleFileSchema, type TextRule } from '@sallyport/core';
import { RuleSet } from '@sallyport/guard';
import { ConditionSet } from '@sallyport/policy';
import { parseDocument } from 'yaml';

/** Rules as they were read. */
export interface LoadedRules {
  /** First 12 hex digits of the SHA-256 of the rules. */
  readonly version: string;
  readonly rules: readonly TextRule[];
  readonly conditions: readonly Condition[];
}

function readFile(path: string): Omit<LoadedRules, 'version'> {
  const document = parseDocument(readFileSync(path, 'utf8'), { uniqueKeys: true, strict: true });
  const problem = document.errors[0];
  if (problem) throw new CodedError('rules-invalid', `\`${path}\`: ${problem.message.split('\n')[0]}`);
  const read = ruleFileSchema.safeParse(document.toJS({ maxAliasCount: 20 }) ?? { rules: [] });
  if (!read.success) throw new CodedError('rules-invalid', `\`${path}\`: ${describeIssue(read.error)}`);
  return read.data;
}

/**
 * Reads the rules and conditions of a folder (`*.yaml`), and runs the tests in each of them.
 * @throws CodedError `rules-invalid` naming file, rule and what is wrong
 */
export function readRules(folder: string | undefined): LoadedRules {
  const rules: TextRule[] = [];
  const conditions: Condition[] = [];
  if (folder !== undefined) {
    let names: string[];
    try {
      names = readdirSync(folder)
        .filter((name) => /\.ya?ml$/.test(name))
        .sort();
    } catch (cause) {
      throw new CodedError('rules-invalid', `the folder of rules \`${folder}\` cannot be read`, { cause });
    }
    for (const name of names) {
      const file = readFile(join(folder, name));
      rules.push(...file.rules);
      conditions.push(...file.conditions);
    }
    try {
      RuleSet.compile(rules);
      ConditionSet.compile(conditions);
    } catch (cause) {
      throw new CodedError('rules-invalid', `\`${folder}\`: ${(cause as Error).message}`, { cause });
    }
  }
  const version = hash('sha256', JSON.stringify([rules, conditions]), 'hex').slice(0, 12);
  return { version, rules, conditions };
}
