import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CodedError, type Config, parseConfig } from '@sallyport/core';
import { requireTrusted } from '@sallyport/store/trusted-file';
import { parseDocument } from 'yaml';

/**
 * Reads `sallyport.yaml`. Without a path, the one in the working folder serves if it is there.
 * @throws CodedError `config-invalid` naming file and field, `owner-untrusted`
 */
export function loadConfig(path: string | undefined): Config {
  const file = resolve(path ?? 'sallyport.yaml');
  if (!existsSync(file)) {
    if (path !== undefined) throw new CodedError('config-invalid', `there is no file \`${path}\``);
    return parseConfig({});
  }
  requireTrusted(file, 'configuration', { named: path !== undefined });
  const document = parseDocument(readFileSync(file, 'utf8'), { uniqueKeys: true, strict: true });
  const problem = document.errors[0];
  if (problem) throw new CodedError('config-invalid', `\`${file}\`: ${problem.message.split('\n')[0]}`);
  try {
    const config = parseConfig(document.toJS({ maxAliasCount: 20 }));
    const beside = (path: string): string => resolve(dirname(file), path);
    return {
      ...config,
      ...(config.policies !== undefined && { policies: beside(config.policies) }),
      ...(config.learned !== undefined && { learned: beside(config.learned) }),
      outbound: {
        ...config.outbound,
        ...(config.outbound.caFile !== undefined && { caFile: beside(config.outbound.caFile) }),
        systems: Object.fromEntries(
          Object.entries(config.outbound.systems).map(([name, own]) => [
            name,
            { ...own, ...(own.caFile !== undefined && { caFile: beside(own.caFile) }) },
          ]),
        ),
      },
      secrets: {
        ...config.secrets,
        ...(config.secrets.folder !== undefined && { folder: beside(config.secrets.folder) }),
      },
      systems: Object.fromEntries(
        Object.entries(config.systems).map(([name, system]) => [
          name,
          {
            ...system,
            ...(system.profile !== undefined && { profile: beside(system.profile) }),
            ...(system.echo !== undefined && { echo: beside(system.echo) }),
          },
        ]),
      ),
      ...(config.rules !== undefined && { rules: beside(config.rules) }),
    };
  } catch (fault) {
    throw new CodedError('config-invalid', `\`${file}\`: ${(fault as Error).message}`);
  }
}

/** The value a reference names, or null when it is not there. Never logged. */
export function resolveSecret(ref: string | undefined): string | null {
  if (ref === undefined) return null;
  if (ref.startsWith('env:')) return process.env[ref.slice(4)] || null;
  try {
    return readFileSync(ref.slice(5), 'utf8').trim() || null;
  } catch {
    return null;
  }
}
