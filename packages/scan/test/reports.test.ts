import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { BytesSource } from '../src/bytes/byte-source.ts';
import {
  AdvisoryDatabase,
  type FileReport,
  importAdvisories,
  inspectDependencies,
  type ScanReport,
  scanSource,
  toCycloneDx,
  toSarif,
  toSpdx,
} from '../src/index.ts';
import { summarise } from '../src/scan-files.ts';
import { osv, writeExport } from './corpus/advisories.ts';
import { archiveSamples } from './corpus/archive-samples.ts';
import { benignSamples } from './corpus/benign-samples.ts';
import { graphSamples } from './corpus/graph-samples.ts';
import { sarifValidator } from './schemas.ts';

/** One file of each row, so that every kind of report is in it. */
async function everyRow(): Promise<ScanReport> {
  const files: FileReport[] = [];
  const rows = new Map<string, number>();
  for (const corpus of [archiveSamples(), graphSamples(), benignSamples()])
    for await (const { row, file, bytes } of corpus) {
      const count = rows.get(row) ?? 0;
      if (count >= 4 || bytes.length > 1_000_000) continue;
      rows.set(row, count + 1);
      files.push(await scanSource(`folder ${files.length}/${file}`, new BytesSource(bytes)));
    }
  return { files, skipped: [], summary: summarise(files) };
}

describe('reports', () => {
  it('are sound as CycloneDX 1.7', async () => {
    const report = await everyRow();
    const bom = toCycloneDx(report, '1.0.0', randomUUID()) as {
      components: { type: string }[];
      vulnerabilities: { affects: { ref: string }[] }[];
    };
    const faults = await new Validation.JsonStrictValidator(Spec.Version.v1dot7).validate(
      JSON.stringify(bom),
    );
    assert.equal(faults, null, JSON.stringify(faults, null, 1)?.slice(0, 2000));
    const unsound = JSON.stringify({ ...bom, components: [{ type: 'model', name: 1 }] });
    assert.notEqual(await new Validation.JsonStrictValidator(Spec.Version.v1dot7).validate(unsound), null);
    assert.equal(bom.components.length, report.files.length);
    assert.ok(bom.components.filter(({ type }) => type === 'machine-learning-model').length > 20);
    assert.ok(bom.vulnerabilities.length > 10);
    assert.ok(bom.vulnerabilities.every(({ affects }) => affects.length > 0));
  });

  it('are sound as SARIF 2.1.0', async () => {
    const validate = sarifValidator();
    const sarif = toSarif(await everyRow(), '1.0.0') as { runs: { results: { level: string }[] }[] };
    assert.ok(
      validate(JSON.parse(JSON.stringify(sarif))),
      JSON.stringify(validate.errors?.slice(0, 5), null, 1),
    );
    assert.ok(sarif.runs[0]!.results.length > 50);
    assert.ok(!validate({ ...sarif, version: '2.2' }));
    assert.ok(!validate({ ...sarif, runs: [{ results: [{ level: 'fatal' }] }] }));
  });

  it('hold packages and what is known against them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-reports-'));
    try {
      writeExport(join(folder, 'export'), {
        PyPI: [
          osv('PYSEC-1', 'PyPI', 'left', [{ introduced: '0' }, { fixed: '2.0' }], {
            aliases: ['CVE-2026-1'],
          }),
        ],
      });
      importAdvisories(join(folder, 'export'), join(folder, 'db'));
      mkdirSync(join(folder, 'project'));
      writeFileSync(join(folder, 'project', 'requirements.txt'), 'left==1.0 --hash=sha256:x\nright\n');
      const database = AdvisoryDatabase.open(join(folder, 'db'))!;
      const report = await inspectDependencies([join(folder, 'project')], database);
      database.close();
      const bom = toCycloneDx(report, '1.0.0', randomUUID()) as {
        components: { purl?: string }[];
        vulnerabilities: { id: string; affects: { ref: string }[] }[];
      };
      const faults = await new Validation.JsonStrictValidator(Spec.Version.v1dot7).validate(
        JSON.stringify(bom),
      );
      assert.equal(faults, null, JSON.stringify(faults, null, 1)?.slice(0, 2000));
      assert.deepEqual(
        bom.components.flatMap(({ purl }) => purl ?? []),
        ['pkg:pypi/left@1.0', 'pkg:pypi/right'],
      );
      assert.deepEqual(
        bom.vulnerabilities.flatMap(({ id, affects }) => (id === 'PYSEC-1' ? affects : [])),
        [{ ref: 'pkg:pypi/left@1.0' }],
      );
      assert.ok(sarifValidator()(JSON.parse(JSON.stringify(toSarif(report, '1.0.0')))));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('say in SPDX that they conform to the profile for AI only where its facts are known', async () => {
    const report = await everyRow();
    type Document = { '@graph': { type: string; profileConformance?: string[]; spdxId?: string }[] };
    const conformance = (document: object): readonly string[] =>
      (document as Document)['@graph'].find(({ type }) => type === 'SpdxDocument')!.profileConformance!;
    const plain = toSpdx(report, '1.0.0', randomUUID()) as Document;
    assert.deepEqual(conformance(plain), ['core', 'software']);
    const ids = plain['@graph'].flatMap(({ spdxId }) => spdxId ?? []);
    assert.equal(new Set(ids).size, ids.length);
    const facts = new Map(
      report.files.map(({ path }) => [
        path,
        { supplier: 'a maker', version: '1', releasedAt: '2026-01-01T00:00:00Z' },
      ]),
    );
    assert.deepEqual(conformance(toSpdx(report, '1.0.0', randomUUID(), facts)), ['core', 'software', 'ai']);
  });
});
