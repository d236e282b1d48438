import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { BytesSource } from '../packages/scan/src/bytes/byte-source.ts';
import { type FileReport, scanSource, toSpdx } from '../packages/scan/src/index.ts';
import { summarise } from '../packages/scan/src/scan-files.ts';
import { graphSamples } from '../packages/scan/test/corpus/graph-samples.ts';
import { spdxValidator } from '../packages/scan/test/schemas.ts';

const ROOT = join(import.meta.dirname, '..');
const SCHEMA = join(ROOT, 'bench/spdx/node_modules/@cyclonedx/cdxgen/data/spdx-export.schema.json');

it(
  'reports are sound as SPDX 3.0.1, with the profile for AI and without',
  {
    skip:
      !existsSync(SCHEMA) &&
      'the schema is not here: `npm install --prefix bench/spdx --omit=optional --no-package-lock --ignore-scripts`',
  },
  async () => {
    const validate = spdxValidator(SCHEMA);
    const plain = (value: object): { '@graph': Record<string, unknown>[] } =>
      JSON.parse(JSON.stringify(value));
    const files: FileReport[] = [];
    for await (const { file, bytes } of graphSamples())
      files.push(await scanSource(`${files.length}/${file}`, new BytesSource(bytes)));
    const report = { files, summary: summarise(files) };
    const facts = new Map(
      report.files.map(({ path }) => [
        path,
        { supplier: 'a maker', version: '1', releasedAt: '2026-01-01T00:00:00Z' },
      ]),
    );
    for (const document of [
      toSpdx(report, '1.0.0', randomUUID()),
      toSpdx(report, '1.0.0', randomUUID(), facts),
      toSpdx({ ...report, files: [] }, '1.0.0', randomUUID()),
    ])
      assert.ok(validate(plain(document)), JSON.stringify(validate.errors?.slice(0, 3)));
    const broken = plain(toSpdx(report, '1.0.0', randomUUID(), facts));
    for (const element of broken['@graph'])
      if (element['type'] === 'ai_AIPackage') element['software_primaryPurpose'] = 'ornament';
    assert.ok(!validate(broken));
  },
);
