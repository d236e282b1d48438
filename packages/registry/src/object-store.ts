import type { LookupFunction } from 'node:net';
import type { DataKeys } from '@sallyport/vault';
import type { ArtefactStore } from './artefacts.ts';

/** An object store that speaks S3, and how it is reached. */
export interface ObjectStoreSettings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** What all names begin with. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Names in the path instead of the host. */
  readonly pathStyle: boolean;
  /** Resolves and checks addresses. */
  readonly lookup: LookupFunction;
  /** How long one request may take, and how long nothing may come; 120,000 if left out. */
  readonly requestMs?: number;
}

/** Artefacts in an object store. Loaded when there is one: those with a folder need none of it. @param scratch folder for sealed files on their way */
export async function objectArtefacts(
  settings: ObjectStoreSettings,
  keys: DataKeys,
  scratch: string,
): Promise<ArtefactStore> {
  const { ObjectArtefacts } = await import('./object-artefacts.ts');
  return new ObjectArtefacts(settings, keys, scratch);
}

/** Files in an object store, under names of their own. */
export interface ObjectFiles {
  /** Puts a file, whether or not one is there. @throws CodedError `artefact-unreachable` */
  put(name: string, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** A small file; null where there is none. @throws CodedError `artefact-unreachable` */
  read(name: string): Promise<Buffer | null>;
  /** Lets go of connections; what is under way fails. */
  close(): void;
}

/** Files in an object store. Loaded when there is one. */
export async function objectFiles(settings: ObjectStoreSettings): Promise<ObjectFiles> {
  const { ObjectFolder } = await import('./object-client.ts');
  return new ObjectFolder(settings);
}
