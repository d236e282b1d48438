import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileDetectionSchema } from '@sallyport/core';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { FORMATS } from '../src/formats/index.ts';
import { type FileReport, scanSource, TECHNIQUES, toSarif, VERDICTS } from '../src/index.ts';
import { summarise } from '../src/scan-files.ts';
import { archiveSamples } from './corpus/archive-samples.ts';
import { benignSamples } from './corpus/benign-samples.ts';
import { graphSamples } from './corpus/graph-samples.ts';
import { pickleSamples } from './corpus/pickle-samples.ts';
import type { Sample } from './corpus/sample.ts';

interface Scanned extends Sample {
  readonly report: FileReport;
}

const scan = (sample: Sample): Promise<FileReport> => scanSource(sample.file, new BytesSource(sample.bytes));

async function scanAll(...corpora: (Iterable<Sample> | AsyncIterable<Sample>)[]): Promise<Scanned[]> {
  const scanned: Scanned[] = [];
  for (const corpus of corpora)
    for await (const sample of corpus) scanned.push({ ...sample, report: await scan(sample) });
  return scanned;
}

/** As the exit status says it: only `clean` and `review` let a file pass. */
const isHeld = ({ report }: Scanned): boolean => report.verdict !== 'clean' && report.verdict !== 'review';
const isNamed = ({ report }: Scanned): boolean =>
  report.verdict === 'malicious' || report.verdict === 'suspicious';
const told = (some: readonly Scanned[]): string =>
  some.map(({ row, name, report }) => `${row}: ${name} is ${report.verdict}`).join('\n');

/** Rows in which a budget is what holds a file. */
const byBudget = ({ row }: Sample): boolean => row.endsWith('(budget)');

describe('the corpus', () => {
  it('of harm is named, over every row', async () => {
    const scanned = await scanAll(pickleSamples(), archiveSamples(), graphSamples());
    assert.ok(scanned.length >= 600, `${scanned.length} samples`);
    const running = scanned.filter(({ runs }) => runs);
    assert.ok(
      running.filter(isNamed).length >= running.length * 0.995,
      told(running.filter((one) => !isNamed(one))),
    );
    const others = scanned.filter((one) => !byBudget(one));
    assert.ok(
      others.filter(isNamed).length >= others.length * 0.97,
      told(others.filter((one) => !isNamed(one))),
    );
    assert.deepEqual(told(scanned.filter((one) => !isHeld(one))), '');
    for (const { report } of scanned)
      for (const detection of report.detections) {
        fileDetectionSchema.strict().parse(detection);
        assert.ok(detection.technique in TECHNIQUES, detection.technique);
        assert.ok(
          detection.references.length > 0 && detection.remedy.length > 0 && detection.message.length > 0,
        );
        assert.doesNotMatch(detection.message, /echo sallyport-corpus/, 'a payload is not repeated');
      }
  });

  it('of files as libraries write them is clean', async () => {
    const scanned = await scanAll(benignSamples());
    assert.ok(scanned.length >= 500, `${scanned.length} samples`);
    const malicious = scanned.filter(({ report }) => report.verdict === 'malicious');
    assert.equal(told(malicious), '');
    const review = scanned.filter(({ report }) => report.verdict !== 'clean');
    assert.ok(review.length <= scanned.length / 100, told(review));
  });

  it('is told by its content, whatever a file is called', async () => {
    const wrong: string[] = [];
    for (const sample of pickleSamples()) {
      if (!/^\x80[\x02-\x05]/.test(Buffer.from(sample.bytes.subarray(0, 2)).toString('latin1'))) continue;
      const report = await scanSource('weights.dat', new BytesSource(sample.bytes));
      if (!isNamed({ ...sample, report })) wrong.push(sample.name);
    }
    assert.deepEqual(wrong, []);
  });

  it('becomes SARIF that names each rule it uses', async () => {
    const scanned = await scanAll(archiveSamples());
    const files = scanned.map(({ report }) => report);
    const { runs } = toSarif({ files, summary: summarise(files) }, '1.0.0') as {
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: { ruleId: string; ruleIndex: number; level: string }[];
      }[];
    };
    const { rules } = runs[0]!.tool.driver;
    assert.ok(runs[0]!.results.length > 50);
    for (const { ruleId, ruleIndex, level } of runs[0]!.results) {
      assert.equal(rules[ruleIndex]?.id, ruleId);
      assert.match(level, /^(?:error|warning|note)$/);
    }
  });
});

describe('formats', () => {
  it('are as many as the documents say, each under a name of its own', () => {
    const names = FORMATS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const document of ['README.md', 'docs/THREATS.md']) {
      const text = readFileSync(new URL(`../../../${document}`, import.meta.url), 'utf8');
      assert.deepEqual(
        [...text.matchAll(/\b(\d+) formats\b/g)].map(([, count]) => Number(count)),
        [names.length],
        document,
      );
    }
  });

  it('end in a verdict for any bytes at all', async () => {
    const bytes = Buffer.alloc(512);
    for (let i = 0; i < 512; i++) bytes[i] = (i * 131 + 7) & 255;
    const heads = [
      '',
      'PK\x03\x04',
      'PK\x05\x06',
      '\x80\x04',
      '\x93NUMPY\x01\x00',
      '\x89HDF\r\n\x1a\n',
      'GGUF\x03\x00\x00\x00',
      '7z\xbc\xaf\x27\x1c',
      'BZh9',
      '\xfd7zXZ\x00',
      '\x1f\x8b\x08',
      '\x28\xb5\x2f\xfd',
      '\x04\x22\x4d\x18',
      '\x78\x9c',
      '{"a":',
      'X\n\x00\x00\x00\x02',
      '\x08\x01\x12\x05',
      '\x00\x00\x00\x00TFL3',
      '\x81\xa1a',
    ];
    for (const head of heads)
      for (let cut = 0; cut < 512; cut += 61)
        for (const name of [
          'a.bin',
          'a.pkl',
          'a.onnx',
          'a.safetensors',
          'a.msgpack',
          'saved_model.pb',
          'a.yaml',
        ]) {
          const content = Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(0, cut)]);
          const { verdict } = await scanSource(name, new BytesSource(content));
          assert.ok(VERDICTS.includes(verdict));
        }
  });
});
