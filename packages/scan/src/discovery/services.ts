import { readFileSync } from 'node:fs';
import { tableOf } from '@sallyport/core';
import { type Ecosystem, normalPythonName } from '../dependencies/locked-package.ts';

/** One kind of AI that an organisation may use, and how its use shows. */
export interface AiService {
  readonly id: string;
  readonly name: string;
  /** Hosts, those below them too; `*` stands for one label. */
  readonly hosts: readonly string[];
  readonly packages: Readonly<Partial<Record<Ecosystem, readonly string[]>>>;
  /** A pattern of model ids, null where they say nothing. */
  readonly models: string | null;
  /** Variables of the environment. */
  readonly variables: readonly string[];
}

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '');

/** Every service that is known. A new one is an object in `services.json`. */
export const AI_SERVICES: readonly AiService[] = (
  JSON.parse(readFileSync(new URL('./services.json', import.meta.url), 'utf8')) as {
    id: string;
    name: string;
    hosts: string;
    packages: Partial<Record<Ecosystem, string>>;
    models?: string;
    variables?: string;
  }[]
).map(({ id, name, hosts, packages, models, variables }) => ({
  id,
  name,
  hosts: words(hosts),
  packages: Object.fromEntries(Object.entries(packages).map(([ecosystem, list]) => [ecosystem, words(list)])),
  models: models ?? null,
  variables: words(variables),
}));

const byHost = new Map<string, AiService>();
const byWildcard: { readonly labels: readonly string[]; readonly service: AiService }[] = [];
const byPackage = new Map<string, AiService>();
const byVariable = new Map<string, AiService>();
for (const service of AI_SERVICES) {
  for (const host of service.hosts)
    if (host.includes('*')) byWildcard.push({ labels: host.split('.'), service });
    else byHost.set(host, service);
  for (const [ecosystem, names] of Object.entries(service.packages))
    for (const name of names) byPackage.set(`${ecosystem} ${name}`, service);
  for (const variable of service.variables) byVariable.set(variable, service);
}

const LABELS_MAX = 12;

/** The service that a host belongs to. @param host with or without a port */
export function serviceOfHost(host: string): AiService | null {
  const whole = host.toLowerCase().replace(/\.$/, '');
  const exact = byHost.get(whole);
  if (exact) return exact;
  const labels = whole.replace(/:\d+$/, '').split('.');
  if (labels.length > LABELS_MAX) return null;
  for (let at = 0; at < labels.length - 1; at++) {
    const found = byHost.get(labels.slice(at).join('.'));
    if (found) return found;
  }
  for (const { labels: pattern, service } of byWildcard) {
    const tail = labels.slice(-pattern.length);
    if (tail.length === pattern.length && pattern.every((label, i) => label === '*' || label === tail[i]))
      return service;
  }
  return null;
}

/** The service whose package this is. */
export const serviceOfPackage = (ecosystem: Ecosystem, name: string): AiService | null =>
  byPackage.get(
    `${ecosystem === 'conda' ? 'PyPI' : ecosystem} ${ecosystem === 'PyPI' || ecosystem === 'conda' ? normalPythonName(name) : name}`,
  ) ?? null;

/** The service that a variable of the environment belongs to. */
export const serviceOfVariable = (name: string): AiService | null => byVariable.get(name) ?? null;

/** Modules whose names differ from the packages that bring them. */
const MODULES: Readonly<Record<string, string>> = tableOf({
  sklearn: 'scikit-learn',
  huggingface_hub: 'huggingface-hub',
  google_genai: 'google-genai',
  'google.genai': 'google-genai',
  'google.generativeai': 'google-generativeai',
  'google.cloud.aiplatform': 'google-cloud-aiplatform',
  llama_cpp: 'llama-cpp-python',
  autogen: 'pyautogen',
  haystack: 'haystack-ai',
  llama_index: 'llama-index',
  semantic_kernel: 'semantic-kernel',
});

/** The service of a Python module, by its first names: `openai.types.chat` is `openai`. */
export function serviceOfModule(module: string): AiService | null {
  const parts = module.split('.');
  for (let length = Math.min(parts.length, 3); length > 0; length--) {
    const name = parts.slice(0, length).join('.');
    const found = serviceOfPackage('PyPI', MODULES[name] ?? name);
    if (found) return found;
  }
  return null;
}

/** The service of a module of JavaScript: `openai/resources` is `openai`, `@scope/name/part` is `@scope/name`. */
export const serviceOfSpecifier = (specifier: string): AiService | null =>
  serviceOfPackage('npm', specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
