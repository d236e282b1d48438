import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Finding, newEvent } from '@sallyport/core';
import { findingDigest } from '@sallyport/store';
import { scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

/** Protocol 2: `os.system` of a word of four letters; it is never loaded. */
const harm = (word: string) => Buffer.from(`\x80\x02cos\nsystem\nX\x04\x00\x00\x00${word}\x85R.`, 'latin1');
/** Of the form of a key of a provider. @param first two characters in which they differ */
const secret = (first: string): string => `ghp_${first}${'A7bQ9xZ2mK4pR8sT1vW5yC3dF6gH0jL7bQ'}`;

describe('findings of scans', () => {
  let server: TestServer;
  let approver: TestPerson;
  const folder = join(scratch(), 'watched');
  const bare = join(scratch(), 'bare');
  before(async () => {
    for (const one of [folder, bare]) mkdirSync(one);
    server = await testServer({
      config: { inventory: { watch: [{ name: 'own', folder, for: ['model-files', 'sources'] }] } },
    });
    approver = await signedIn(server, [{ role: 'approver' }]);
  });
  after(() => server.stop());
  const desk = () => server.control.scans;
  const scan = () => desk().scanWatch('test', server.control.config.inventory.watch[0]!);
  const open = async (target = 'folder:own'): Promise<Finding[]> =>
    server.control.installation.store.findings.openOn(target);
  const of = async (technique: string): Promise<Finding> =>
    (await open()).find((one) => one.technique === technique)!;
  const accept = async (finding: Finding): Promise<void> => {
    await ok(
      await approver.call('POST', `/api/v1/findings/${finding.fingerprint}/accept`, {
        days: 30,
        reason: 'it is contained',
        digest: findingDigest(finding),
      }),
      200,
    );
  };

  it('are not closed by a scan that began before another saw them', async () => {
    const target = { kind: 'model-files', target: 'folder:two', subject: 'folder:two', root: '/' } as const;
    writeFileSync(join(folder, 'model.pkl'), harm('echo'));
    let stopped: ChildProcess | null = null;
    const stop = (message: unknown): void => {
      stopped ??= (message as { process: ChildProcess }).process;
      stopped.kill('SIGSTOP');
    };
    subscribe('child_process', stop);
    const older = desk().scan('test', target, { paths: [bare] });
    unsubscribe('child_process', stop);
    await desk().scan('test', target, { paths: [folder] });
    assert.equal((await open('folder:two')).length, 1);
    stopped!.kill('SIGCONT');
    await older;
    assert.equal((await open('folder:two')).length, 1, 'the older closed what the newer saw');
    await desk().scan('test', target, { paths: [bare] });
    assert.equal((await open('folder:two')).length, 0);
  });

  it('are accepted as they were seen: of other content they are open again', async () => {
    writeFileSync(join(folder, 'app.py'), `key = "${secret('aB')}"\nimport openai\n`);
    await scan();
    const techniques = ['code-execution', 'secret-in-source', 'unsanctioned-ai'];
    assert.deepEqual((await open()).map(({ technique }) => technique).sort(), techniques);
    for (const technique of techniques) await accept(await of(technique));
    await scan();
    for (const technique of techniques)
      assert.ok((await of(technique)).accepted, `${technique}, not changed`);
    writeFileSync(join(folder, 'model.pkl'), harm('true'));
    writeFileSync(join(folder, 'app.py'), `key = "${secret('cD')}"\nimport anthropic\n`);
    await scan();
    for (const technique of techniques) assert.equal((await of(technique)).accepted, null, technique);
  });

  it('are the gravest where there are too many, and say how many are left out', async () => {
    const many = join(scratch(), 'many');
    mkdirSync(many);
    // By path the graver ones come last.
    for (let n = 0; n < 2_050; n++) writeFileSync(join(many, `a${n}.py`), 'import openai\n');
    for (let n = 0; n < 5; n++) writeFileSync(join(many, `z${n}.py`), `key = "${secret('aB')}"\n`);
    const target = { kind: 'sources', target: 'folder:many', subject: 'folder:many', root: many } as const;
    const outcome = await desk().scan('test', target, { paths: [many] });
    assert.deepEqual([outcome.verdict, outcome.passed], ['suspicious', false]);
    assert.match(outcome.summary, /2055 detections, 55 of them left out, the mildest/);
    const found = await open('folder:many');
    assert.equal(found.length, 2_001);
    assert.equal(found.filter(({ technique }) => technique === 'secret-in-source').length, 5);
    const limit = found.find(({ technique }) => technique === 'findings-limit')!;
    assert.match(limit.scanned!.message, /^55 more were found and are left out, none graver than medium/);
  });

  it('are all listed while they are open, the most pressing first, and what is not is counted', async () => {
    const detections = Array.from({ length: 100 }, (_, n) => ({
      ...{
        kind: 'loads',
        target: 'model:m',
        place: `p${n}`,
        detector: 'registry',
        technique: 'unapproved-load',
      },
      ...{
        severity: 'critical',
        message: 'm',
        remedy: 'r',
        references: [],
        exploited: true,
        disclosedAt: '',
      },
    }));
    const { installation } = server.control;
    await installation.announce(
      newEvent('detections-noted', { actor: 'test', subject: 'model:m', data: { scan: 's', detections } }),
    );
    await installation.flush();
    const operator = await signedIn(server, [{ role: 'operator' }]);
    const { findings, leftOut } = await ok<{ findings: Finding[]; leftOut: number }>(
      await operator.call('GET', '/api/v1/findings'),
      200,
    );
    assert.equal(findings.length, 2_000);
    assert.ok(leftOut > 100);
    assert.deepEqual([...new Set(findings.slice(0, 100).map(({ severity }) => severity))], ['critical']);
  });

  it('of a load at one place are not closed by a load at another', async () => {
    const { installation } = server.control;
    const done = newEvent('scan-completed', {
      actor: 'test',
      subject: 'model:m',
      data: { scan: 't', kind: 'loads', target: 'model:m', only: 'p1', unclear: [] },
    });
    await installation.announce(done);
    await installation.flush();
    const places = (await open('model:m')).map(({ scanned }) => scanned!.place);
    assert.equal(places.length, 99);
    assert.ok(!places.includes('p1'));
  });
});
