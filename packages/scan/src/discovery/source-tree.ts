import { atLeast, SEVERITIES, type Severity } from '@sallyport/core';
import { findSecrets, SECRET_RULES } from '@sallyport/guard';
import { isLockFile, lockFormatOf } from '../dependencies/lock-files/index.ts';
import type { Ecosystem } from '../dependencies/locked-package.ts';
import { notebookCode } from '../formats/notebook.ts';
import { asObject, type Json } from '../text/json.ts';
import { lineFinder } from '../text/lines.ts';
import type { HitList } from './hit-list.ts';
import {
  AI_SERVICES,
  type AiService,
  serviceOfHost,
  serviceOfModule,
  serviceOfPackage,
  serviceOfSpecifier,
  serviceOfVariable,
} from './services.ts';

/** Files that are read as sources, by the end of their names, and those without one. */
const ENDINGS: ReadonlySet<string> = new Set(
  (
    'py pyi ipynb js mjs cjs jsx ts mts cts tsx vue svelte go rs java kt scala cs rb php swift sh bash ps1 tf yaml yml json ' +
    'toml ini cfg conf properties env txt md html'
  ).split(' '),
);
const NAMES = /(?:^|\/)(?:\.env[\w.-]*|dockerfile[\w.-]*|procfile|makefile)$/i;

const PYTHON_IMPORT = /^[ \t]{0,80}import[ \t]{1,8}([\w., \t]{1,400})/gm;
const PYTHON_FROM = /^[ \t]{0,80}from[ \t]{1,8}([\w.]{1,200})[ \t]{1,8}import[ \t]{1,8}([\w, \t(]{1,200})/gm;
const JAVASCRIPT = /(?:\bfrom|\bimport|\brequire)[ \t]{0,8}\(?[ \t]{0,8}["'`]([^"'`\n]{1,200})["'`]/g;
const QUOTED = /["'`]([\w@:.+/-]{3,120})["'`]/g;
const BARE = /(?:^|[\s=:])([a-z][\w@.+-]{2,80})(?=\s|$|[,;])/gm;
const HOST =
  /(?:^|[^\w.-])((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{2,5})?|(?:localhost|127\.0\.0\.1):\d{2,5})(?![\w-])/gi;
const VARIABLE = /\b([A-Z][A-Z0-9_]{4,63})\b/g;
const MODEL_FAMILIES: readonly { readonly pattern: RegExp; readonly service: AiService }[] =
  AI_SERVICES.flatMap((service) =>
    service.models === null ? [] : [{ pattern: new RegExp(`^${service.models}$`), service }],
  );

/** Whether a file of this name is read for the use of AI. @param path with `/` */
export const isSource = (path: string): boolean =>
  ENDINGS.has(path.slice(path.lastIndexOf('.') + 1).toLowerCase()) ||
  NAMES.test(path) ||
  lockFormatOf(path) !== null;

const asModel = (text: string): AiService | null =>
  MODEL_FAMILIES.find(({ pattern }) => pattern.test(text))?.service ?? null;

/** The service that a kind of secret is a key of; others are secrets all the same. */
const serviceOfSecret = (id: string): AiService | null =>
  AI_SERVICES.find(
    (one) => id.startsWith(`${one.id}-`) || (one.id === 'bedrock' && id.includes('bedrock')),
  ) ?? null;

function seeImports(hits: HitList, path: string, text: string, lineAt: (offset: number) => number): void {
  const first = (part: string): string => part.trim().split(/\s/)[0]!;
  const seePython = (modules: readonly string[], offset: number): void => {
    for (const module of modules) {
      const service = serviceOfModule(module);
      if (service) return hits.see(service, 'import', module.split('.')[0]!, path, { line: lineAt(offset) });
    }
  };
  if (/\.(?:pyi?|ipynb)$/i.test(path)) {
    for (const match of text.matchAll(PYTHON_IMPORT))
      for (const part of match[1]!.split(',')) seePython([first(part)], match.index);
    for (const match of text.matchAll(PYTHON_FROM))
      seePython(
        [match[1]!, ...match[2]!.split(/[,(]/).map((part) => `${match[1]}.${first(part)}`)],
        match.index,
      );
  }
  for (const match of /\.(?:[mc]?[jt]sx?|vue|svelte|html)$/i.test(path) ? text.matchAll(JAVASCRIPT) : []) {
    const service = serviceOfSpecifier(match[1]!);
    if (service) hits.see(service, 'import', match[1]!, path, { line: lineAt(match.index) });
  }
}

function seeNames(hits: HitList, path: string, text: string, lineAt: (offset: number) => number): void {
  const isCode = !/\.(?:md|html|txt)$/i.test(path);
  for (const match of text.matchAll(HOST)) {
    const service = serviceOfHost(match[1]!);
    if (service) hits.see(service, 'endpoint', match[1]!.toLowerCase(), path, { line: lineAt(match.index) });
  }
  if (!isCode) return;
  for (const match of text.matchAll(VARIABLE)) {
    const service = serviceOfVariable(match[1]!);
    if (service) hits.see(service, 'variable', match[1]!, path, { line: lineAt(match.index) });
  }
  for (const match of text.matchAll(QUOTED)) {
    const service =
      asModel(match[1]!) ??
      (/\.(?:go|rs|java|kt|scala)$/.test(path) ? serviceOfPackage('Go', match[1]!) : null);
    if (service)
      hits.see(service, asModel(match[1]!) ? 'model' : 'import', match[1]!, path, {
        line: lineAt(match.index),
      });
  }
  if (/\.(?:ya?ml|toml|ini|cfg|conf|properties|env)$|(?:^|\/)\.env/i.test(path))
    for (const match of text.matchAll(BARE)) {
      const service = asModel(match[1]!);
      if (service) hits.see(service, 'model', match[1]!, path, { line: lineAt(match.index) });
    }
}

/** Secrets in a source file. */
export interface SourceSecrets {
  /** The gravest, as many as are told. */
  readonly told: readonly SourceSecret[];
  readonly leftOut: number;
}

/** What a secret in a source file is; never the secret itself. */
export interface SourceSecret {
  readonly id: string;
  readonly severity: Severity;
  /** Whether its form says that it is one; otherwise only what it is given to does. */
  readonly hasForm: boolean;
  readonly line: number;
}

const SECRETS_MAX = 100;

/** Whether a secret is one by its form and grave, and not only perhaps. */
export const isCertain = ({ hasForm, severity }: Pick<SourceSecret, 'hasForm' | 'severity'>): boolean =>
  hasForm && atLeast(severity, 'high');

/** Rules that know no form of what they find. */
const FORMLESS: ReadonlySet<string> = new Set(
  SECRET_RULES.flatMap(({ id, careful }) => (careful ? [id] : [])),
);

/**
 * Looks through one source file for the use of AI, and for secrets.
 * @param path as it is shown, with `/`
 */
export function inspectSource(hits: HitList, path: string, text: string): SourceSecrets {
  const lineAt = lineFinder(text);
  const lock = lockFormatOf(path);
  if (lock) {
    seeQuoted(hits, path, text, lineAt);
    try {
      for (const { ecosystem, name, needle } of lock.read(text).packages) {
        const service = serviceOfPackage(ecosystem, name);
        const at = service ? text.indexOf(needle) : -1;
        if (service) hits.see(service, 'package', name, path, { line: at < 0 ? null : lineAt(at) });
      }
    } catch {
      // The check of dependencies says that it cannot be read.
    }
  }
  if (!isLockFile(path)) {
    const notebook = /\.ipynb$/i.test(path) ? codeOf(text) : null;
    seeImports(hits, path, notebook?.code ?? text, notebook?.lineAt ?? lineAt);
    seeNames(hits, path, text, lineAt);
  }
  const secrets = secretsIn(text, lineAt);
  for (const { id, line } of secrets) {
    const service = serviceOfSecret(id);
    if (service) hits.see(service, 'key', id, path, { line });
  }
  return gravest(secrets);
}

/** Looks through a text that is no source for secrets: those that have a form. */
export const inspectOther = (text: string): SourceSecrets =>
  gravest(secretsIn(text, lineFinder(text)).filter(({ hasForm }) => hasForm));

const secretsIn = (text: string, lineAt: (offset: number) => number): SourceSecret[] =>
  findSecrets(text).map(({ id, severity, start }) => ({
    id,
    severity,
    hasForm: !FORMLESS.has(id),
    line: lineAt(start),
  }));

function gravest(secrets: readonly SourceSecret[]): SourceSecrets {
  const told = secrets
    .toSorted(
      (a, b) =>
        Number(isCertain(b)) - Number(isCertain(a)) ||
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
    )
    .slice(0, SECRETS_MAX);
  return { told, leftOut: secrets.length - told.length };
}

/** Requirements within quotes, in the code of manifests that is not run: by the end of their names. */
const QUOTED_REQUIREMENTS: readonly (readonly [RegExp, Ecosystem, RegExp])[] = [
  [/(?:^|\/)setup\.py$/i, 'PyPI', /["']([A-Za-z0-9][\w.-]{0,100})[^"'\n]{0,200}["']/g],
  [/\.gradle(?:\.kts)?$/i, 'Maven', /["']([\w.-]{1,100}:[\w.-]{1,100})(?::[^"'\n]{0,100})?["']/g],
];

function seeQuoted(hits: HitList, path: string, text: string, lineAt: (offset: number) => number): void {
  for (const [name, ecosystem, quoted] of QUOTED_REQUIREMENTS)
    for (const match of name.test(path) ? text.matchAll(quoted) : []) {
      const service = serviceOfPackage(ecosystem, match[1]!);
      if (service) hits.see(service, 'package', match[1]!, path, { line: lineAt(match.index) });
    }
}

/** The code of a notebook, and where its lines stand in the file; null for what is none. */
function codeOf(text: string): { code: string; lineAt: (offset: number) => number } | null {
  let root: ReturnType<typeof asObject>;
  try {
    root = asObject(JSON.parse(text) as Json);
  } catch {
    return null;
  }
  if (!root) return null;
  const code = notebookCode(root);
  const whole = lineFinder(text);
  let before = 0;
  let at = 0;
  let isLost = false;
  /** Lines are mostly asked for in their order, so that each is looked for behind the last. */
  const lineAt = (offset: number): number => {
    if (offset < before) at = 0;
    before = offset;
    const end = code.indexOf('\n', offset);
    const line = code.slice(
      offset === 0 ? 0 : code.lastIndexOf('\n', offset - 1) + 1,
      end < 0 ? undefined : end,
    );
    const found = isLost ? -1 : text.indexOf(JSON.stringify(line).slice(1, -1), at);
    isLost ||= found < 0;
    at = Math.max(at, found);
    return whole(at);
  };
  return { code, lineAt };
}
