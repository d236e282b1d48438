import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { newEvent, type SallyportEvent } from '@sallyport/core';
import { enforced, type FakeSystem, fakeSystem, scratch, type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};
const facts = {
  owner: null,
  purpose: '',
  risk: 'limited',
  dataClasses: [],
  source: '',
  licence: '',
  supplier: '',
} as const;

describe('an approval is of what was looked at', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let operator: TestPerson;
  let approver: TestPerson;
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({ systems: { chat: enforced(fake, { mode: 'observe' }) } });
    operator = await signedIn(server, [{ role: 'operator' }]);
    approver = await signedIn(server, [{ role: 'approver' }]);
    await server.chat(await server.key(['chat']), 'my card is 4111 1111 1111 1111');
    await note('use-one', 'acme');
    await server.control.installation.flush();
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const note = (fingerprint: string, service: string): Promise<void> =>
    server.control.installation.announce(
      newEvent('ai-uses-noted', {
        actor: 'test',
        subject: 'organisation',
        data: {
          scan: 'x',
          uses: [
            {
              fingerprint,
              service,
              serviceName: service,
              kind: 'package',
              what: service,
              place: `file-${fingerprint}`,
              line: null,
              count: 1,
              firstAt: null,
              lastAt: null,
            },
          ],
        },
      }),
    );
  const get = async <T>(who: TestPerson, path: string): Promise<T> => ok<T>(await who.call('GET', path), 200);
  const findings = async (): Promise<{ fingerprint: string; digest: string; accepted: object | null }[]> =>
    (await get<{ findings: [] }>(approver, '/api/v1/findings')).findings;
  const uses = (): Promise<{
    uses: { fingerprint: string; digest: string; decision: string | null }[];
    services: Record<string, string>;
  }> => get(operator, '/api/v1/ai-uses');
  const version = async (
    label: string,
  ): Promise<{ digest: string; seen: string; approvedBy: string | null }> => {
    const { versions } = await get<{
      versions: { label: string; digest: string; seen: string; approvedBy: string | null }[];
    }>(approver, '/api/v1/inventory/model/org%2Fone');
    return versions.find((one) => one.label === label)!;
  };
  const register = async (label: string): Promise<void> => {
    const folder = join(scratch(), 'model');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ label }));
    const inventory = await server.control.inventory();
    await inventory.addVersion('local:kim', 'model', 'org/one', facts as never, { root: folder, label });
  };
  /** Has something happen after an approval was looked at, and before it is written. */
  const meanwhile = (
    t: TestContext,
    isIt: (change: string, type?: string) => boolean,
    work: () => Promise<unknown>,
  ): void => {
    const { store } = server.control.installation;
    const [change, announce] = [store.change.bind(store), store.announce.bind(store)];
    let happened = false;
    const first = async (it: boolean): Promise<void> => {
      if (happened || !it) return;
      happened = true;
      await work();
    };
    t.mock.method(store, 'change', async (...args: Parameters<typeof change>) => {
      await first(isIt(String(args[0])));
      return change(...args);
    });
    t.mock.method(store, 'announce', async (event: SallyportEvent) => {
      await first(isIt('', event.type));
      return announce(event);
    });
    t.after(() => assert.ok(happened));
  };

  it('every route that approves needs the digest of it', async () => {
    await register('1');
    const [finding] = await findings();
    const { id } = await ok<{ id: string }>(
      await operator.call('POST', '/api/v1/sources', { pattern: 'https://data.example/1' }),
      201,
    );
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const review = await ok<{ id: string }>(
      await admin.call('POST', '/api/v1/reviews', { kind: 'grants' }),
      201,
    );
    const { items } = await get<{ items: { id: string; holder: string }[] }>(
      approver,
      `/api/v1/reviews/${review.id}`,
    );
    const item = items.find(({ holder }) => holder === `person:${operator.id}`)!;
    const { digest } = await version('1');
    for (const [who, path, body, name] of [
      [approver, `/api/v1/findings/${finding!.fingerprint}/accept`, { days: 1, reason: 'because' }, 'digest'],
      [
        approver,
        '/api/v1/ai-uses/sanction',
        { fingerprint: 'use-one', decision: 'ignored', reason: 'because' },
        'digest',
      ],
      [
        operator,
        '/api/v1/ai-uses/decide',
        { service: 'acme', decision: 'stop', reason: 'because' },
        'digest',
      ],
      [
        approver,
        `/api/v1/reviews/${review.id}/statement`,
        { decisions: [{ item: item.id, decision: 'keep' }] },
        'digest',
      ],
      [approver, '/api/v1/versions/model/org%2Fone/1/approve', { digest }, 'seen'],
      [approver, `/api/v1/sources/${id}/approve`, {}, 'digest'],
    ] as const) {
      assert.equal(await codeOf(await who.call('POST', path, body)), 'request-invalid', path);
      const wrong = await who.call('POST', path, { ...body, [name]: '0'.repeat(64) });
      assert.equal(await codeOf(wrong), 'conflict', path);
    }
  });

  it('a risk: what was found meanwhile is not accepted', async (t) => {
    const [finding] = await findings();
    const accept = `/api/v1/findings/${finding!.fingerprint}/accept`;
    const body = { days: 1, reason: 'because', digest: finding!.digest };
    meanwhile(
      t,
      (_, type) => type === 'finding-decided',
      () =>
        server.control.installation.announce(
          newEvent('finding-decided', {
            actor: 'test',
            subject: 'system:chat',
            data: {
              fingerprint: finding!.fingerprint,
              accepted: { until: '2999-01-01T00:00:00.000Z', by: 'test', reason: 'before' },
            },
          }),
        ),
    );
    assert.equal(await codeOf(await approver.call('POST', accept, body)), 'conflict');
    t.mock.restoreAll();
    const [now] = await findings();
    assert.equal((now!.accepted as { by: string }).by, 'test');
    await ok(await approver.call('POST', accept, { ...body, digest: now!.digest }), 200);
    assert.equal(((await findings())[0]!.accepted as { by: string }).by, `person:${approver.id}`);
  });

  it('uses of a service: one that is found meanwhile is not sanctioned with them', async (t) => {
    const { services } = await uses();
    const body = {
      service: 'acme',
      decision: 'sanctioned',
      reason: 'because',
      owner: operator.id,
      digest: services['acme'],
    };
    meanwhile(
      t,
      (_, type) => type === 'ai-use-decided',
      () => note('use-two', 'acme'),
    );
    assert.equal(await codeOf(await approver.call('POST', '/api/v1/ai-uses/sanction', body)), 'conflict');
    t.mock.restoreAll();
    await server.control.installation.flush();
    const now = await uses();
    assert.deepEqual(
      now.uses.map(({ decision }) => decision),
      [null, null],
    );
    await ok(
      await approver.call('POST', '/api/v1/ai-uses/sanction', { ...body, digest: now.services['acme'] }),
      200,
    );
    assert.deepEqual(
      (await uses()).uses.map(({ decision }) => decision),
      ['sanctioned', 'sanctioned'],
    );
  });

  it('a version: neither its facts nor what is said of it change between the look and the approval', async (t) => {
    await register('2');
    const inventory = await server.control.inventory();
    for (const work of [
      () => inventory.register('test', 'model', 'org/one', { ...facts, risk: 'high' } as never),
      () => inventory.noteTest('test', 'org/one', '2', false, 'it fails'),
    ]) {
      const { digest, seen } = await version('2');
      meanwhile(t, (change) => change.includes('addAttestation'), work);
      const answer = await approver.call('POST', '/api/v1/versions/model/org%2Fone/2/approve', {
        digest,
        seen,
      });
      assert.equal(await codeOf(answer), 'conflict');
      t.mock.restoreAll();
      assert.equal((await version('2')).approvedBy, null);
    }
    const { digest, seen } = await version('2');
    await ok(
      await approver.call('POST', '/api/v1/versions/model/org%2Fone/2/approve', { digest, seen }),
      200,
    );
    await server.control.installation.flush();
    const events: SallyportEvent[] = await server.control.installation.store.events.since(
      ['version-approved'],
      '',
    );
    assert.equal(events.length, 1, 'nothing else is in the record');
  });
});
