import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isWrapped, readKeyFile, type WrappedFile } from '@sallyport/vault';

/** Where the key of the demonstration is kept, wrapped. */
export const demoKeyPath = (folder: string): string => join(folder, 'keys', 'demo-key.json');

/** What the key of the demonstration is wrapped for. @param id of the API key */
export const demoContext = (id: string) => ({ purpose: 'demo', owner: '', object: id, version: 1 }) as const;

/** That key as its file has it. @throws CodedError `file-unusable` */
export const readDemoKey = (path: string): { id: string; envelope?: string } =>
  readKeyFile(
    path,
    (file) => typeof file.id === 'string' && isWrapped(file),
    '; or remove it: another is made',
  );

/** The file of that key; null where there is none. */
export function demoKeyFile(folder: string): WrappedFile | null {
  const path = demoKeyPath(folder);
  if (!existsSync(path)) return null;
  const { id } = readDemoKey(path);
  return { path, context: demoContext(id) };
}
