import type { DialectName } from '@sallyport/core';
import { anthropic } from './anthropic.ts';
import type { Dialect, OperationRoute } from './dialect.ts';
import { modelOf } from './model-name.ts';
import { ollama } from './ollama.ts';
import { openInference } from './open-inference.ts';
import { openai } from './openai.ts';

/** Every dialect, by name. A new one is a file and a row here. */
export const DIALECT_TABLE: Readonly<Record<DialectName, Dialect>> = {
  openai,
  anthropic,
  ollama,
  oip: openInference,
};

/** A route that was found. */
export interface FoundRoute {
  readonly dialect: Dialect;
  readonly operation: OperationRoute;
  /** Model named by the path, if it names one. */
  readonly model: string | null;
}

/** A path of an operation that names another model. */
export function pathWithModel(
  path: string,
  { path: pattern, modelGroup }: OperationRoute,
  model: string,
): string {
  const written = modelGroup ? pattern.exec(path)?.[modelGroup] : undefined;
  return written === undefined
    ? path
    : path.replace(`/models/${written}`, () => `/models/${encodeURIComponent(model)}`);
}

/**
 * The operation a method and path stand for; `wrong-method` when only the method is off; null when unknown.
 * @param preferred dialect to take where two have the same path
 */
export function findRoute(
  method: string,
  path: string,
  preferred: DialectName = 'openai',
): FoundRoute | 'wrong-method' | null {
  let known = false;
  for (const dialect of [DIALECT_TABLE[preferred], ...Object.values(DIALECT_TABLE)]) {
    for (const operation of dialect.operations) {
      const match = operation.path.exec(path);
      if (!match) continue;
      const model = operation.modelGroup ? modelOf(match[operation.modelGroup]!) : null;
      if (operation.modelGroup && model === null) continue;
      if (operation.method === method) return { dialect, operation, model };
      known = true;
    }
  }
  return known ? 'wrong-method' : null;
}

/** Path under an upstream's base: `…/v1` and `/v1/chat` meet in one `/v1`. */
export function joinUrl(base: URL, path: string): string {
  const stem = base.pathname.replace(/(?<!\/)\/+$/, '');
  const version = /\/v\d+$/.exec(stem)?.[0];
  return version && path.startsWith(`${version}/`) ? stem + path.slice(version.length) : stem + path;
}
