import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { type FileReport, type ScanReport, scanSource, toCycloneDx } from '../src/index.ts';
import { summarise } from '../src/scan-files.ts';
import { archiveSamples } from './corpus/archive-samples.ts';
import { benignSamples } from './corpus/benign-samples.ts';
import { graphSamples } from './corpus/graph-samples.ts';

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
  return { files, summary: summarise(files) };
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
});
