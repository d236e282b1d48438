import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clock } from '@sallyport/core';
import { zip } from './archives.ts';

/** A record of the OSV export, made here. */
export interface OsvRecord {
  readonly id: string;
  readonly modified: string;
  readonly [field: string]: unknown;
}

/** A record about one package with ranges of versions. */
export const osv = (
  id: string,
  ecosystem: string,
  name: string,
  events: readonly Record<string, string>[],
  more: object = {},
  affected: object = {},
): OsvRecord => ({
  schema_version: '1.7.0',
  id,
  modified: clock.nowIso(),
  published: '2026-01-02T03:04:05Z',
  summary: `something is wrong in ${name}`,
  affected: [
    {
      package: { ecosystem, name },
      ...(events.length > 0 ? { ranges: [{ type: 'ECOSYSTEM', events }] } : {}),
      ...affected,
    },
  ],
  ...more,
});

/** Writes records as the public export lays them out: `{ecosystem}/all.zip`. */
export function writeExport(folder: string, records: Readonly<Record<string, readonly OsvRecord[]>>): void {
  for (const [ecosystem, some] of Object.entries(records)) {
    mkdirSync(join(folder, ecosystem), { recursive: true });
    writeFileSync(
      join(folder, ecosystem, 'all.zip'),
      zip(
        some.map((record) => ({
          name: `${record.id}.json`,
          content: Buffer.from(JSON.stringify(record)),
          method: 8,
        })),
      ),
    );
  }
}
