// Writes the published schemas, and docs/ASVS.md, from the code: `npm run schemas`. Tests compare them with what is served.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '@sallyport/core';
import { openApiDocument } from '@sallyport/server';
import { asvsDocument } from './asvs/document.ts';

const folder = join(import.meta.dirname, '../schema');
for (const [name, value] of [
  ['sallyport.schema.json', configJsonSchema()],
  ['openapi.json', openApiDocument()],
] as const) {
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}
writeFileSync(join(folder, '../docs/ASVS.md'), asvsDocument());
