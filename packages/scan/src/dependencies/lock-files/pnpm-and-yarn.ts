import { isDeepStrictEqual } from 'node:util';
import { parseYaml, yamlReadings } from '../../text/yaml.ts';
import { asText, asTree, type LockedPackage, type LockFormat, type LockReading } from '../locked-package.ts';
import { sourceOf } from './npm.ts';
import { withServed } from './served.ts';

const ALIASES_MAX = 100;

const DOCUMENTS_MAX = 16;

/** YAML documents of which nothing is expanded without end. @throws Error for what is no YAML, or more than is read */
export function readYamlDocuments(text: string): unknown[] {
  const [first = [], ...others] = yamlReadings(text).map((reading) => {
    const documents = parseYaml(reading, ALIASES_MAX);
    if (documents.length > DOCUMENTS_MAX) throw new Error(`it has over ${DOCUMENTS_MAX} documents`);
    return documents.map((one) => {
      if (one.fault) throw one.fault;
      return one.value;
    });
  });
  if (others.some((other) => !isDeepStrictEqual(other, first)))
    throw new Error('its readers do not agree on where its lines end');
  return first;
}

/** The one YAML document of a text. @throws Error where there are several: what is in the others would be missed */
export function readYaml(text: string): unknown {
  const [first, ...others] = readYamlDocuments(text);
  if (others.length > 0) throw new Error('it has several documents');
  return first;
}

/**
 * Name and version of a pnpm key: `/name/1.0.0`, `/name@1.0.0(peer@2)`, `name@1.0.0`, `/@scope/name/1.0.0_peer`; before
 * version 6 with the host of another registry before it, `npm.example.com/name/1.0.0`.
 */
function pnpmKey(key: string): { name: string; version: string; registry?: string } | null {
  const bare = key.replace(/\(.*/s, '');
  const modern = /^\/?((?:@[^/@]+\/)?[^/@]+)@(.+)$/.exec(bare);
  if (modern) return { name: modern[1]!, version: modern[2]! };
  const old = /^\/((?:@[^/]+\/)?[^/]+)\/([^/_]+)/.exec(bare);
  if (old) return { name: old[1]!, version: old[2]! };
  const hosted = /^([\w-]+(?:\.[\w-]+)+(?::\d+)?)\/((?:@[^/]+\/)?[^/]+)\/(\d+\.\d[^/_]*)/.exec(bare);
  return hosted ? { registry: `https://${hosted[1]}/`, name: hosted[2]!, version: hosted[3]! } : null;
}

/** `pnpm-lock.yaml`, lock versions 5 to 9. */
export const pnpmLock: LockFormat = {
  name: 'pnpm',
  matches: (path) => /(?:^|\/)pnpm-lock\.yaml$/.test(path),
  read: (text) => {
    const roots = readYamlDocuments(text).map(asTree);
    if (roots.length === 0 || roots.some((root) => root?.['lockfileVersion'] === undefined))
      throw new Error('it has no `lockfileVersion`');
    const packages: LockedPackage[] = [];
    const unread: string[] = [];
    // pnpm 11 puts what it runs itself with into a document before that of the project.
    const entries = roots.flatMap((root) =>
      Object.entries(asTree(root!['packages']) ?? {}).map(
        ([key, value]) => [key, value, asText(root!['registry'])] as const,
      ),
    );
    for (const [key, value, registry] of entries) {
      const entry = asTree(value) ?? {};
      const resolution = asTree(entry['resolution']) ?? {};
      const own = pnpmKey(key);
      const tarball = asText(resolution['tarball']);
      const source =
        resolution['type'] === 'git' || 'repo' in resolution
          ? 'git'
          : 'directory' in resolution
            ? 'folder'
            : sourceOf(own && /^[a-z+]*:/.test(own.version) ? own.version : tarball);
      const name = asText(entry['name']) ?? own?.name;
      if (name === undefined) {
        unread.push(`a package without a name (line with \`${key.slice(0, 60)}\`)`);
        continue;
      }
      const one: LockedPackage = {
        ecosystem: 'npm',
        name,
        version: asText(entry['version']) ?? (source === 'registry' ? (own?.version ?? null) : null),
        source,
        hasDigest: typeof resolution['integrity'] === 'string' || 'commit' in resolution,
        runsAtInstall: entry['requiresBuild'] === true,
        development: entry['dev'] === true,
        needle: key,
      };
      packages.push(...withServed(one, [tarball, asText(resolution['registry']), own?.registry ?? registry]));
    }
    return { packages, unread };
  },
};

/** One descriptor of yarn, `@scope/name@range` or without a range: the name of it. */
const yarnName = (descriptor: string): string | null =>
  /^((?:@[^/@\s]+\/)?[^/@\s]+)(?:@|$)/.exec(descriptor)?.[1] ?? null;

const FIELD = /^ {2}"?(version|resolved|integrity)"? (?:"([^"]{0,2048})"|([^"\s]{1,2048}))$/;
/** A line of an entry that sets one of these, or several fields at once. */
const FIELD_BEGINS = /^ {2}(?:"?(?:version|resolved)(?![\w-])|(?:"[^"]*"|[^\s":,]+)\s*,)/;
/** A folder or archive beside the project, in the range that is asked for. */
const LIES_THERE = /@(?:file:|link:|portal:|\.{0,2}\/)/;

/** Yarn 1 has a form of its own: blocks that begin with descriptors and hold `key value` lines. */
function readClassic(text: string): LockReading {
  // Yarn ends a line there, and no comment.
  if (/\r(?!\n)/.test(text)) throw new Error('it has lines that end with CR alone');
  const packages: LockedPackage[] = [];
  const unread: string[] = [];
  let head: string | null = null;
  let fields = new Map<string, string>();
  const finish = (): void => {
    const first = head?.split(/,\s*/)[0]?.replace(/^"|"$/g, '') ?? '';
    const alias = /@npm:((?:@[^/@]+\/)?[^/@]+)@/.exec(first)?.[1];
    const name = alias ?? yarnName(first);
    const resolved = fields.get('resolved') ?? null;
    if (head !== null && (name === null || !fields.has('version')))
      unread.push(`an entry without a name or version (\`${head.slice(0, 60)}\`)`);
    else if (head !== null && name !== null)
      packages.push(
        ...withServed(
          {
            ecosystem: 'npm',
            name,
            version: fields.get('version')!,
            // What comes from a registry may lack an address; what says where it lies has none.
            source: resolved !== null ? sourceOf(resolved) : LIES_THERE.test(first) ? 'folder' : 'registry',
            hasDigest: fields.has('integrity') || /#[0-9a-f]{40}$/.test(resolved ?? ''),
            needle: head,
          },
          [resolved],
        ),
      );
    head = null;
    fields = new Map();
  };
  for (const line of text.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue;
    if (!line.startsWith(' ')) {
      finish();
      head = line.replace(/:$/, '');
      continue;
    }
    const field = FIELD.exec(line);
    if (field && head !== null) fields.set(field[1]!, field[2] ?? field[3]!);
    // Yarn takes a colon, room or a comment there, which it never writes.
    else if (FIELD_BEGINS.test(line)) unread.push(`a line of another form (\`${line.trim().slice(0, 60)}\`)`);
  }
  finish();
  return { packages, unread };
}

function readBerry(text: string): LockedPackage[] {
  const packages: LockedPackage[] = [];
  for (const [key, value] of Object.entries(asTree(readYaml(text)) ?? {})) {
    const entry = asTree(value);
    const resolution = asText(entry?.['resolution']);
    if (!entry || resolution === null) continue;
    const name = yarnName(resolution);
    const reference = resolution.slice((name?.length ?? 0) + 1);
    if (name === null || reference.startsWith('workspace:')) continue;
    // Where a registry serves under other addresses than npm's, the reference says where.
    const archive = new URLSearchParams(reference.split('::')[1] ?? '').get('__archiveUrl');
    const source = reference.startsWith('npm:') ? 'registry' : sourceOf(reference);
    const own: LockedPackage = {
      ecosystem: 'npm',
      name,
      version: asText(entry['version']) ?? String(entry['version'] ?? ''),
      source,
      hasDigest: entry['checksum'] !== undefined,
      needle: key,
    };
    packages.push(...withServed(own, [archive, source === 'address' ? reference : null]));
  }
  return packages;
}

/** `yarn.lock`, of Yarn 1 and of what came after it. */
export const yarnLock: LockFormat = {
  name: 'yarn',
  matches: (path) => /(?:^|\/)yarn\.lock$/.test(path),
  read: (text) => {
    const isBerry = /^__metadata:/m.test(text);
    if (
      !isBerry &&
      !/yarn lockfile v1/.test(text.slice(0, 512)) &&
      !/^ {2}"?version"? "/m.test(text) &&
      text.trim() !== ''
    )
      throw new Error('it is no lock file of yarn');
    return isBerry ? { packages: readBerry(text), unread: [] } : readClassic(text);
  },
};
