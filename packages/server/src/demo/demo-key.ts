import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WrappedFile } from '@sallyport/vault';

/** Where the key of the demonstration is kept, wrapped. */
export const demoKeyPath = (folder: string): string => join(folder, 'keys', 'demo-key.json');

/** What the key of the demonstration is wrapped for. @param id of the API key */
export const demoContext = (id: string) => ({ purpose: 'demo', owner: '', object: id, version: 1 }) as const;

/** The file of that key; null where there is none. */
export function demoKeyFile(folder: string): WrappedFile | null {
  const path = demoKeyPath(folder);
  if (!existsSync(path)) return null;
  const { id } = JSON.parse(readFileSync(path, 'utf8')) as { id: string };
  return { path, context: demoContext(id) };
}
