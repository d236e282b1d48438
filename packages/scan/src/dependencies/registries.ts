import { parse as parseToml } from 'smol-toml';
import { parseYaml } from '../text/yaml.ts';
import { asText, asTree, type Companions, type Ecosystem, treesOf } from './locked-package.ts';

/** Hosts that serve what is public, and those of makers that serve their own packages alone. */
const PUBLIC_HOSTS: Partial<Record<Ecosystem, ReadonlySet<string>>> = {
  npm: new Set(['npmjs.org', 'npmjs.com', 'yarnpkg.com', 'npmmirror.com'].map((zone) => `registry.${zone}`)),
  PyPI: new Set(
    (
      'pypi.org pypi.python.org files.pythonhosted.org pypi.tuna.tsinghua.edu.cn ' +
      'download.pytorch.org download-r2.pytorch.org pypi.nvidia.com'
    ).split(' '),
  ),
  'crates.io': new Set(['index.crates.io', 'static.crates.io', 'github.com/rust-lang/crates.io-index']),
  conda: new Set(['conda.anaconda.org', 'repo.anaconda.com', 'repo.prefix.dev', 'conda.modular.com']),
};

/** Where an address leads, without who asks: its host; for Cargo with its path, as many indexes lie at one host. Null for what is no address of a network. */
function registryOf(ecosystem: Ecosystem, address: string): string | null {
  let url: URL;
  try {
    url = new URL(address.replace(/^(?:registry|sparse)\+/, ''));
  } catch {
    return null;
  }
  if (url.host === '') return null;
  return ecosystem === 'crates.io'
    ? `${url.host}${url.pathname.replace(/(?:\.git)?\/{0,8}$/, '')}`
    : url.host;
}

/** Registries that addresses lead to and that are not public, each once. */
export function foreignRegistries(ecosystem: Ecosystem, addresses: readonly (string | null)[]): string[] {
  const found = new Set<string>();
  for (const address of addresses) {
    const registry = address === null ? null : registryOf(ecosystem, address);
    if (registry !== null && !PUBLIC_HOSTS[ecosystem]?.has(registry)) found.add(registry);
  }
  return [...found];
}

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');
const urlsOf = (value: unknown): string[] => treesOf(value).flatMap((one) => textsOf(one['url']));

/** A line of `.npmrc` or `.yarnrc` that names a registry, for all packages or those of a scope. */
const REGISTRY_LINE = /^\s{0,64}"?(?:@[\w.~-]{1,214}:)?registry"?\s{0,64}[=\s]\s{0,64}["']?([^\s"']{1,2048})/;
const fromLines = (text: string): string[] =>
  text.split(/\r?\n/).flatMap((line) => REGISTRY_LINE.exec(line)?.slice(1) ?? []);

function fromYarn(text: string): string[] {
  const root = asTree(parseYaml(text, 100)[0]?.value) ?? {};
  const scopes = Object.values(asTree(root['npmScopes']) ?? {});
  return [root, ...scopes].flatMap((one) => textsOf(asTree(one)?.['npmRegistryServer']));
}

function fromPnpm(text: string): string[] {
  const root = asTree(parseYaml(text, 100)[0]?.value) ?? {};
  return [...textsOf(root['registry']), ...Object.values(asTree(root['registries']) ?? {}).flatMap(textsOf)];
}

function fromUv(tree: unknown): string[] {
  const own = asTree(tree) ?? {};
  return [own, asTree(own['pip']) ?? {}].flatMap((one) => [
    ...urlsOf(one['index']),
    ...['index-url', 'extra-index-url', 'find-links'].flatMap((key) => textsOf(one[key])),
  ]);
}

function fromProject(text: string): string[] {
  const tool = asTree(parseToml(text)['tool']) ?? {};
  const sources = ['poetry', 'pdm'].flatMap((name) => urlsOf(asTree(tool[name])?.['source']));
  return [...fromUv(tool['uv']), ...sources];
}

function fromCargo(text: string): string[] {
  const root = parseToml(text);
  return ['registries', 'source'].flatMap((section) =>
    Object.values(asTree(root[section]) ?? {}).flatMap((one) =>
      ['index', 'registry'].flatMap((key) => textsOf(asTree(one)?.[key])),
    ),
  );
}

/** Files of configuration beside a lock file, and the addresses of registries that each names. */
const CONFIGURATIONS: Partial<Record<Ecosystem, Readonly<Record<string, (text: string) => string[]>>>> = {
  npm: {
    '.npmrc': fromLines,
    '.yarnrc': fromLines,
    '.yarnrc.yml': fromYarn,
    'pnpm-workspace.yaml': fromPnpm,
  },
  PyPI: {
    'pyproject.toml': fromProject,
    'uv.toml': (text) => fromUv(parseToml(text)),
    Pipfile: (text) => urlsOf(parseToml(text)['source']),
  },
  'crates.io': { '.cargo/config.toml': fromCargo, '.cargo/config': fromCargo },
};

/** Registries that configuration beside a lock file names, and the file that names each. What cannot be read names none. */
export function configuredRegistries(
  ecosystem: Ecosystem,
  companions: Companions,
): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const [file, addressesIn] of Object.entries(CONFIGURATIONS[ecosystem] ?? {})) {
    const found = companions.find(file, null);
    if ('fault' in found || found.text === null) continue;
    let addresses: string[];
    try {
      addresses = addressesIn(found.text);
    } catch {
      continue;
    }
    for (const address of addresses) {
      const registry = registryOf(ecosystem, asText(address) ?? '');
      if (registry !== null && !named.has(registry)) named.set(registry, file);
    }
  }
  return named;
}
