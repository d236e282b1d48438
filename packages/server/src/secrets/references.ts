import { isAbsolute, resolve } from 'node:path';
import { CodedError, type Config, type SystemConfig } from '@sallyport/core';
import type { SecretOriginRow } from '@sallyport/store';
import { resolveSecret } from '../config-file.ts';
import type { Installation } from '../installation.ts';
import type { KnownSystem } from '../snapshot.ts';
import { isInside, type OwnPlaces, readForeign, requireForeign } from './foreign-file.ts';

const SECRET_BYTES_MAX = 64 * 1024;
const LEARNED_BYTES_MAX = 512 * 1024 * 1024;

/** Origins of addresses, each once. */
export const originsOf = (urls: readonly string[]): string[] => [
  ...new Set(urls.map((url) => new URL(url).origin)),
];

/** Whether an actor is whoever runs commands on this machine. */
export const isOwner = (actor: string): boolean => actor.startsWith('local:');

/**
 * Resolves what callers name: secrets, and files. `sallyport.yaml` may name anything, for whoever writes it owns the
 * machine. Whatever else comes by the API or lies in the database resolves only where that file, or a command on the
 * machine, allowed it.
 */
export class References {
  readonly #config: () => Config;
  readonly #installation: Installation;

  constructor(config: () => Config, installation: Installation) {
    this.#config = config;
    this.#installation = installation;
  }

  get #own(): OwnPlaces {
    return { dataFolder: this.#installation.folder, rootKey: this.#installation.rootKey.path };
  }

  /** Refuses a path of the installation's own. @throws CodedError `reference-not-allowed` */
  requireForeign(path: string): void {
    requireForeign(path, this.#own);
  }

  /** A reference as it is kept: paths are absolute, those by the API within the folder of secrets. */
  canonical(ref: string): string {
    if (!ref.startsWith('file:')) return ref;
    return `file:${resolve(this.#config().secrets.folder ?? '/', ref.slice(5))}`;
  }

  /** Refuses a reference that neither the configuration nor a command allows. @throws CodedError `reference-not-allowed` */
  requireAllowed(ref: string, rows: readonly SecretOriginRow[]): void {
    if (this.#allowed(ref, rows)) {
      if (ref.startsWith('file:')) this.#file(ref.slice(5));
      return;
    }
    const line = ref.startsWith('env:')
      ? 'add the variable to `secrets.environment` in sallyport.yaml'
      : 'put the file into the folder that `secrets.folder` in sallyport.yaml names';
    throw new CodedError(
      'reference-not-allowed',
      `\`${ref.slice(0, 128).replaceAll('\0', '')}\` may not be named here: ${line}, or run \`sallyport upstream add … --api-key-ref\` on the machine itself`,
    );
  }

  /** What callers may name: references, and a folder of files. */
  nameable(rows: readonly SecretOriginRow[]): { references: string[]; folder: string | null } {
    const { environment, folder } = this.#config().secrets;
    const named = rows.flatMap(({ ref, byOwner, status }) => (byOwner && status === 'approved' ? [ref] : []));
    return {
      references: [...new Set([...environment.map((name) => `env:${name}`), ...named])],
      folder: folder === undefined ? null : resolve(folder),
    };
  }

  #allowed(ref: string, rows: readonly SecretOriginRow[]): boolean {
    const { environment } = this.#config().secrets;
    if (ref.startsWith('env:') ? environment.includes(ref.slice(4)) : this.#inFolder(ref.slice(5)))
      return true;
    return rows.some((row) => row.ref === ref && row.byOwner && row.status === 'approved');
  }

  #inFolder(path: string): boolean {
    const { folder } = this.#config().secrets;
    return folder !== undefined && isInside(path, resolve(folder));
  }

  #file(path: string): string {
    const inside = this.#inFolder(path) ? this.#config().secrets.folder! : null;
    return readForeign(path, this.#own, { bytesMax: SECRET_BYTES_MAX, inside }).toString('utf8').trim();
  }

  /** What a reference that is allowed holds; null when that is nothing. Never logged. @throws CodedError `reference-not-allowed` */
  value(ref: string): string | null {
    return (ref.startsWith('env:') ? resolveSecret(ref) : this.#file(ref.slice(5))) || null;
  }

  /** Origins that the configuration file says a reference goes to. */
  configured(ref: string): string[] {
    const { secrets, systems } = this.#config();
    const own = Object.values(systems).filter(({ apiKeyRef }) => apiKeyRef === ref);
    return originsOf([...(secrets.origins[ref] ?? []), ...own.flatMap(({ urls }) => urls)]);
  }

  /**
   * Where a reference may go: what the configuration file says, and what was approved, of any name of its value; nowhere that
   * was ended for it, whoever named that.
   */
  goodOrigins(ref: string, names: readonly string[], rows: readonly SecretOriginRow[]): Set<string> {
    const approved = rows.filter((row) => names.includes(row.ref) && row.status === 'approved');
    const good = new Set([
      ...names.flatMap((one) => this.configured(one)),
      ...approved.map(({ origin }) => origin),
    ]);
    for (const row of rows)
      if (row.ref === ref && row.approvedAt !== null && row.status !== 'approved') good.delete(row.origin);
    return good;
  }

  /** References that the configuration file says origins of. */
  configuredRefs(): string[] {
    const { secrets, systems } = this.#config();
    const own = Object.values(systems).flatMap(({ apiKeyRef }) =>
      apiKeyRef === undefined ? [] : [apiKeyRef],
    );
    return [...new Set([...Object.keys(secrets.origins), ...own])];
  }

  /** The credential of a system, or null where it has none, or may not be sent there. Never logged. */
  credential({ config, origin }: KnownSystem, rows: readonly SecretOriginRow[]): string | null {
    const { apiKeyRef: ref, urls } = config;
    if (ref === undefined || origin === 'file') return resolveSecret(ref);
    const good = this.goodOrigins(ref, [ref], rows);
    if (!this.#allowed(ref, rows) || !originsOf(urls).every((one) => good.has(one))) return null;
    try {
      return this.value(ref);
    } catch {
      return null;
    }
  }

  /** Why a system has no credential that it could be sent, in words that name the reference and never its value; null where it has, or needs, one. */
  lack(system: KnownSystem, rows: readonly SecretOriginRow[]): string | null {
    const { apiKeyRef: ref } = system.config;
    if (ref === undefined || this.credential(system, rows) !== null) return null;
    if (system.origin !== 'file' && !this.#allowed(ref, rows))
      return `${ref} may not be named: \`secrets\` in sallyport.yaml allows it, or \`sallyport upstream edit\` on the machine itself`;
    if (ref.startsWith('env:'))
      return resolveSecret(ref) === null
        ? `${ref.slice(4)} is not set in the environment of the server (${ref})`
        : `${ref} may not be sent to ${originsOf(system.config.urls).join(', ')} without approval`;
    const path = ref.slice(5);
    const from = isAbsolute(path)
      ? ''
      : `, which is relative to ${process.cwd()}, where the server was started`;
    try {
      if (system.origin !== 'file') this.#file(path);
      else if (resolveSecret(ref) === null) return `${ref} is missing, unreadable or empty${from}`;
    } catch (fault) {
      return `${ref}: ${(fault as Error).message}${from}`;
    }
    return this.value(ref) === null
      ? `${ref} is empty`
      : `${ref} may not be sent to ${originsOf(system.config.urls).join(', ')} without approval`;
  }

  /** A learned file as it is kept: an absolute path. @throws CodedError `reference-not-allowed` */
  learnedPath(actor: string, path: string): string {
    const { learned } = this.#config();
    if (isOwner(actor)) return resolve(path);
    const absolute = resolve(learned ?? '/', path);
    if (learned === undefined || !isInside(absolute, resolve(learned)))
      throw new CodedError(
        'reference-not-allowed',
        'a profile or filter is named here only within the folder that `learned` in sallyport.yaml names; or define the system in that file',
      );
    return absolute;
  }

  /** The bytes of a learned file that a system names. @throws CodedError `reference-not-allowed` */
  learned(path: string): Buffer {
    const { learned } = this.#config();
    const inside = learned !== undefined && isInside(path, resolve(learned)) ? learned : null;
    return readForeign(path, this.#own, { bytesMax: LEARNED_BYTES_MAX, inside });
  }

  /** Whether two settings send the same reference to the same origins. */
  static sameUse(a: SystemConfig, b: SystemConfig): boolean {
    const origins = new Set(originsOf(a.urls));
    return a.apiKeyRef === b.apiKeyRef && originsOf(b.urls).every((one) => origins.has(one));
  }
}
