import { SaxesParser } from 'saxes';
import { parse as parseToml } from 'smol-toml';
import { asText, type LockedPackage, type LockFormat, treesOf } from '../locked-package.ts';
import { foreignRegistries } from '../registries.ts';

/** `Cargo.lock`. */
export const cargoLock: LockFormat = {
  name: 'cargo',
  matches: (path) => /(?:^|\/)cargo\.lock$/.test(path),
  read: (text) => ({
    unread: [],
    packages: treesOf(parseToml(text)['package']).flatMap((entry): LockedPackage[] => {
      const name = asText(entry['name']);
      const from = asText(entry['source']);
      // Without a source it is a member of the workspace itself.
      if (name === null || from === null) return [];
      return [
        {
          ecosystem: 'crates.io',
          name,
          version: asText(entry['version']),
          source: from.startsWith('git+') ? 'git' : 'registry',
          registries: from.startsWith('git+') ? [] : foreignRegistries('crates.io', [from]),
          hasDigest: entry['checksum'] !== undefined || from.startsWith('git+'),
          needle: `name = "${name}"`,
        },
      ];
    }),
  }),
};

/** A line of `go.mod` without its comment and with its quoted words bare. A comment begins at a word only outside of quotes. */
const unquoted = (line: string): string =>
  line.replace(
    /"([^"\\]{0,512})"|`([^`]{0,512})`|\/\/.*/gs,
    (_, quoted?: string, raw?: string) => quoted ?? raw ?? '',
  );

/** A release of Go, `1.21.3` or `go1.21.3-suffix`. */
const GO_RELEASE = /^(?:go)?(\d+\.\d+(?:\.\d+)?(?:(?:rc|beta)\d+)?)(?:[-+].*)?$/s;

/** `go.mod`: with `// indirect`, it lists every module that is built since Go 1.17. */
export const goMod: LockFormat = {
  name: 'go',
  matches: (path) => /(?:^|\/)go\.mod$/.test(path),
  read: (text) => {
    const packages: LockedPackage[] = [];
    /** By name, and by name and version where only that is replaced. */
    const replaced = new Map<string, { name: string; version: string | null }>();
    const unread: string[] = [];
    let toolchain: string | null = null;
    let block: string | null = null;
    for (const raw of text.split(/\r?\n/)) {
      const line = unquoted(raw).trim();
      if (line === '') continue;
      const opens = /^(\w+)\s*\($/.exec(line);
      if (opens) block = opens[1]!;
      else if (line === ')') block = null;
      else {
        const word = block ?? /^(\w+)\s/.exec(line)?.[1];
        const rest = block === null ? line.slice(word?.length ?? 0).trim() : line;
        const required = /^(\S+)\s+(v\S+)$/.exec(rest);
        if (word === 'require' && required)
          packages.push({
            ecosystem: 'Go',
            name: required[1]!,
            version: required[2]!.replace(/^v/, ''),
            source: 'registry',
            needle: required[1]!,
          });
        const swap = /^(\S+)(?:\s+v(\S+))?\s+=>\s+(\S+)(?:\s+v(\S+))?$/.exec(rest);
        if (word === 'replace' && swap) {
          const [, name, version, other, its = null] = swap;
          replaced.set(version === undefined ? name! : `${name} ${version}`, { name: other!, version: its });
        }
        if ((word === 'require' && !required) || (word === 'replace' && !swap))
          unread.push(`a line that is not understood (\`${line.slice(0, 60)}\`)`);
        const release = GO_RELEASE.exec(rest);
        if (word === 'toolchain' && release) toolchain = release[1]!;
        // The standard library has advisories of its own.
        if (word === 'go' && release)
          packages.push({
            ecosystem: 'Go',
            name: 'stdlib',
            version: release[1]!,
            source: 'registry',
            needle: line,
          });
      }
    }
    return {
      unread,
      packages: packages.map((one) => {
        // What builds is at least the toolchain.
        if (one.name === 'stdlib') return { ...one, version: toolchain ?? one.version };
        const other = replaced.get(`${one.name} ${one.version}`) ?? replaced.get(one.name);
        if (!other) return one;
        return /^[./]/.test(other.name)
          ? { ...one, version: null, source: 'folder' }
          : { ...one, ...other, source: 'registry' };
      }),
    };
  },
};

/** Where Java ends a line. */
const GRADLE_BREAK = /\r\n?|\n/;
const GRADLE_LINE = /^([\w.-]+):([\w.-]+):([^=:\s]+)(?:=(.*))?$/;

/** `gradle.lockfile`: `group:artifact:version=configurations`. */
export const gradleLock: LockFormat = {
  name: 'gradle',
  matches: (path) =>
    /(?:^|\/)(?:[\w.-]*gradle\.lockfile|gradle\/dependency-locks\/[\w.-]+\.lockfile)$/.test(path),
  read: (text) => ({
    unread: text
      .split(GRADLE_BREAK)
      .filter((line) => !GRADLE_LINE.test(line.trim()) && !/^\s{0,256}(?:#.*|empty=.*)?$/.test(line))
      .map((line) => `a line that is not understood (\`${line.trim().slice(0, 60)}\`)`),
    packages: text.split(GRADLE_BREAK).flatMap((line): LockedPackage[] => {
      const match = GRADLE_LINE.exec(line.trim());
      if (!match) return [];
      return [
        {
          ecosystem: 'Maven',
          name: `${match[1]}:${match[2]}`,
          version: match[3]!,
          source: 'registry',
          development: match[4]?.split(',').every((one) => /test/i.test(one)) ?? false,
          needle: `${match[1]}:${match[2]}:${match[3]}`,
        },
      ];
    }),
  }),
};

const XML_DEPTH_MAX = 64;

/** `pom.xml`: what it names itself, with its own properties filled in. What its parents and dependencies bring is not in it. */
export const mavenPom: LockFormat = {
  name: 'maven',
  matches: (path) => /(?:^|\/)(?:pom\.xml|[\w.-]+\.pom)$/.test(path),
  read: (text) => {
    const properties = new Map<string, string>();
    const found: Record<string, string>[] = [];
    const path: string[] = [];
    let words = '';
    let current: Record<string, string> | null = null;
    const parser = new SaxesParser();
    parser.on('error', (fault) => {
      throw new Error(`it is not XML: ${fault.message}`);
    });
    parser.on('opentag', ({ name }) => {
      if (path.push(name) > XML_DEPTH_MAX) throw new Error(`it is nested over ${XML_DEPTH_MAX} deep`);
      words = '';
      if (name === 'dependency' || name === 'plugin' || name === 'parent') current = { kind: name };
    });
    const hear = (more: string): void => {
      words += more;
    };
    parser.on('text', hear);
    parser.on('cdata', hear);
    parser.on('closetag', ({ name }) => {
      path.pop();
      const parent = path.at(-1);
      if (parent === 'properties') {
        const before = properties.get(name);
        // Profiles may say otherwise: then nothing is known of it, and `${` is not filled in.
        const isOpen = before !== undefined && before !== words.trim();
        properties.set(name, isOpen ? `\${${name}}` : words.trim());
      }
      if (path.length === 1 && name === 'version') properties.set('project.version', words.trim());
      if (path.length === 1 && name === 'groupId') properties.set('project.groupId', words.trim());
      if (current && parent === current['kind'] && /^(?:groupId|artifactId|version|scope)$/.test(name))
        current[name] = words.trim();
      if (current && name === current['kind']) {
        found.push(current);
        current = null;
      }
      words = '';
    });
    parser.write(text).close();
    const filled = (value: string | undefined): string | null => {
      const out = value?.replace(/\$\{([\w.-]+)\}/g, (whole, key: string) => properties.get(key) ?? whole);
      return out === undefined || out.includes('${') || /[[(,]/.test(out) || out === '' ? null : out;
    };
    return {
      unread: [],
      packages: found.flatMap((entry): LockedPackage[] => {
        const group =
          filled(entry['groupId']) ?? (entry['kind'] === 'plugin' ? 'org.apache.maven.plugins' : null);
        const artifact = filled(entry['artifactId']);
        if (group === null || artifact === null) return [];
        return [
          {
            ecosystem: 'Maven',
            name: `${group}:${artifact}`,
            version: filled(entry['version']),
            source: 'registry',
            development: entry['scope'] === 'test',
            needle: `<artifactId>${artifact}</artifactId>`,
          },
        ];
      }),
    };
  },
};
