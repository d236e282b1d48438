import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { enforced, fakeSystem, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn } from './people.ts';

/** Calls a second that flow meanwhile. */
const RATE = 500;
const IN_FLIGHT_MAX = 200;

it('while 500 calls a second flow, a key, a user and a role are gone within a second on every worker, and no other call fails', async (test) => {
  const fake = await fakeSystem();
  const server = await testServer({ systems: { main: enforced(fake) }, workers: 2 });
  // Whatever fails here, nothing goes on running.
  let running = true;
  test.after(async () => {
    running = false;
    await server.stop();
    await fake.close();
  });
  const [kept, gone] = [
    await server.key(['main']),
    await server.control.apiKeys.create('test', { name: 'gone', systems: ['main'] }),
  ];
  const [user, mover] = [
    await signedIn(server, [{ role: 'viewer' }], false),
    await signedIn(server, [{ role: 'operator' }]),
  ];
  const { id: grant } = (await server.control.accounts.directory.list()).find(({ id }) => id === mover.id)!
    .grants[0]!;
  /** When each call of one kind began, what its answer was, and when it came. */
  type Answer = readonly [began: number, status: number, came: number];
  const answers = {
    kept: [] as Answer[],
    gone: [] as Answer[],
    user: [] as Answer[],
    mover: [] as Answer[],
  };
  let inFlight = 0;
  const send = (kind: keyof typeof answers, ask: () => Promise<Response>): void => {
    if (inFlight >= IN_FLIGHT_MAX && kind === 'kept') return;
    inFlight++;
    const began = performance.now();
    void ask()
      .then(async (response) => {
        await response.arrayBuffer();
        answers[kind].push([began, response.status, performance.now()]);
      })
      .catch(() => answers[kind].push([began, 0, performance.now()]))
      .finally(() => inFlight--);
  };
  const load = (async () => {
    for (let tick = 0; running; tick++) {
      for (let i = 0; i < RATE / 100; i++)
        send(i === 0 ? 'gone' : 'kept', () => server.chat(i === 0 ? gone.key : kept, 'hello'));
      if (tick % 5 === 0) {
        send('user', () => user.call('GET', '/api/v1/systems'));
        send('mover', () => mover.call('GET', '/api/v1/systems'));
      }
      await delay(10);
    }
  })();
  await delay(1_500);
  const took: number[] = [];
  const timed = async (work: () => Promise<unknown>): Promise<{ from: number; until: number }> => {
    const from = performance.now();
    await work();
    const until = performance.now();
    took.push(until - from);
    return { from, until };
  };
  const at = {
    gone: await timed(() => server.control.apiKeys.revoke('test', gone.id)),
    user: await timed(() => server.control.accounts.directory.setDisabled('test', user.id, true)),
    mover: await timed(() => server.control.accounts.directory.ungrant('test', mover.id, grant)),
  };
  await delay(1_000);
  running = false;
  await load;
  while (inFlight > 0) await delay(10);
  for (const kind of ['gone', 'user', 'mover'] as const) {
    const before = answers[kind].filter(([, , came]) => came < at[kind].from);
    assert.ok(
      before.length > 2 && before.every(([, status]) => status === 200),
      `${kind}: let in before: ${before.map(([, status]) => status).join()}`,
    );
    const after = answers[kind].filter(([began]) => began > at[kind].until);
    assert.ok(after.length > 2, `${kind}: ${after.length} asked after`);
    assert.deepEqual([...new Set(after.map(([, status]) => status))].join(), '401', kind);
  }
  assert.ok(
    took.every((ms) => ms < 1_000),
    `in force after ${took.map(Math.round).join(', ')} ms`,
  );
  assert.ok(answers.kept.length > 200, `${answers.kept.length} other calls`);
  assert.deepEqual(
    answers.kept.filter(([, status]) => status !== 200),
    [],
    'no other call failed',
  );
});

it('a session that was weak rises with the factor that is added; others of a password alone are over', async () => {
  const server = await testServer();
  const { person, token } = await server.control.accounts.directory.add('test', {
    name: 'ann',
    grants: [{ role: 'administrator' }],
  });
  const [one, two] = [browserOf(server), browserOf(server)];
  await ok(await one.call('POST', '/api/v1/setup', { token, password: PASSWORD }), 201);
  await ok(await two.call('POST', '/api/v1/session', { name: person.name, password: PASSWORD }), 201);
  for (const browser of [one, two]) assert.equal((await browser.call('GET', '/api/v1/systems')).status, 403);
  await addPasskey(server, one);
  assert.equal((await one.call('GET', '/api/v1/systems')).status, 200);
  // Whoever has only the password is out with the first factor, and gets no further without it.
  assert.equal((await two.call('GET', '/api/v1/session')).status, 401);
  assert.equal(
    (await two.call('POST', '/api/v1/session', { name: person.name, password: PASSWORD })).status,
    202,
  );
  await server.stop();
});
