import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type FakeSystem, fakeSystem, scratch } from './harness.ts';
import { killPrograms, type Program, startProgram } from './program.ts';

const sleep = (ms: number): Promise<void> => new Promise((tick) => setTimeout(tick, ms));

/** Laid into the program from outside, as a fault is: a thread that serves HTTP spins on this path, the main thread too. */
const SPIN = `
import { Server } from 'node:http';
const { emit } = Server.prototype;
Server.prototype.emit = function (name, req, ...rest) {
  if (name === 'request' && req.url === '/spin') for (;;);
  return emit.call(this, name, req, ...rest);
};`;

/** The program with two gateway workers that can be made to spin. */
function spinning(fake: FakeSystem): Promise<Program> {
  const folder = scratch();
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'sallyport.yaml');
  const script = join(folder, 'spin.mjs');
  writeFileSync(script, SPIN);
  writeFileSync(
    config,
    `gateway: { port: 0 }\ncontrol: { port: 0 }\nsystems:\n  main: { dialect: openai, urls: ["${fake.url}"], allowPrivate: true, mode: enforce }\n`,
  );
  const [data, rootKey] = [join(folder, 'data'), join(folder, 'root.key')];
  const shell = `export NODE_OPTIONS='--import ${script}'`;
  return startProgram({ data, rootKey, config, args: ['--workers', '2'], shell });
}

const chat = (program: Program, key: string): Promise<number> =>
  fetch(`${program.gateway}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ model: 'main', messages: [{ role: 'user', content: 'hello' }] }),
    signal: AbortSignal.timeout(1_000),
  }).then(
    (answer) => answer.status,
    () => 0,
  );
const ready = async (program: Program): Promise<[number, string]> => {
  const answer = await fetch(`${program.control}/readyz`);
  return [answer.status, ((await answer.json()) as { status: string }).status];
};
/** Makes one worker spin; resolves when its connection is cut. */
const spin = (program: Program): Promise<string> =>
  fetch(`${program.gateway}/spin`, { headers: { connection: 'close' } }).then(
    () => 'answered',
    () => 'cut',
  );

describe('a gateway worker that stands still', () => {
  let fake: FakeSystem;
  let program: Program;
  let key: string;
  before(async () => {
    fake = await fakeSystem();
    program = await spinning(fake);
    ({ key } = program.sallyport('key', 'create', '--name', 'k', '--systems', 'main') as { key: string });
  });
  after(async () => {
    killPrograms();
    await fake.close();
  });

  it(
    'is replaced within 3 seconds, is said to be so, and others answer meanwhile',
    { timeout: 30_000 },
    async () => {
      assert.deepEqual(await ready(program), [200, 'ready']);
      const begun = performance.now();
      const cut = spin(program).then((how) => [how, performance.now() - begun] as const);
      const said = new Set<string>();
      let answered = 0;
      while (performance.now() - begun < 4_000) {
        const [status, words] = await ready(program);
        if (status === 503) said.add(words);
        if ((await chat(program, key)) === 200) answered++;
      }
      const [how, ms] = await cut;
      assert.equal(how, 'cut');
      assert.ok(ms < 3_500, `cut after ${ms} ms`);
      assert.ok(answered > 10, `${answered} calls were answered`);
      assert.match(
        [...said].join(' / '),
        /gateway worker \d (?:does not answer and is replaced|is starting)/,
      );
      for (let i = 0; (await ready(program))[0] !== 200 && i < 100; i++) await sleep(50);
      assert.deepEqual(await ready(program), [200, 'ready']);
      for (let i = 0; i < 20; i++) assert.equal(await chat(program, key), 200);
    },
  );

  it('is an event and an alert', async () => {
    // Exits with 1 while alerts are open.
    let listed = '';
    try {
      program.sallyport('alert', 'list');
    } catch (fault) {
      listed = (fault as { stdout: string }).stdout;
    }
    const { alerts } = JSON.parse(listed) as { alerts: { rule: string; detail: string }[] };
    const alert = alerts.find(({ rule }) => rule === 'worker-stuck');
    assert.match(alert?.detail ?? '', /stopped answering were replaced within 5 minutes: 1;/);
  });

  it('does not keep the program from ending', { timeout: 30_000 }, async () => {
    const cuts = [spin(program), spin(program), spin(program)];
    await sleep(300);
    const begun = performance.now();
    assert.equal(await program.stop(), 0);
    assert.ok(performance.now() - begun < 5_000, `ended after ${performance.now() - begun} ms`);
    await Promise.all(cuts);
  });
});
