import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { clock, type SallyportEvent } from '@sallyport/core';
import { totpCode, totpStep } from '../../access/src/factors/totp.ts';
import { startPostgres } from '../../store/test/postgres.ts';
import { keepReviews } from '../src/reviews-due.ts';
import { type TestServer, testServer } from './harness.ts';
import { ok, signedIn, type TestPerson } from './people.ts';

const DAY_MS = 86_400_000;

interface Item {
  readonly id: string;
  readonly subject: string;
  readonly holder: string;
  readonly evidence: Record<string, unknown>;
  readonly suggestion: { decision: string; why: string } | null;
  readonly decision: string | null;
}
interface Detail {
  readonly review: { id: string; seed: string; closedAt: string | null; undecided: number };
  readonly items: readonly Item[];
  readonly digest: string;
}
interface Statement {
  readonly ticket: string;
  readonly statement: string;
  readonly options: { challenge: string };
}

const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;

/** COSE EC2 key of P-256 as the record holds it, to a key that Node verifies with. */
function keyOf(cose: string): ReturnType<typeof createPublicKey> {
  const bytes = Buffer.from(cose, 'base64url');
  const at = (label: number): string => {
    // Both coordinates are byte strings of 32 bytes: 0x58 0x20.
    const index = bytes.indexOf(Buffer.from([label, 0x58, 0x20]));
    return bytes.subarray(index + 3, index + 35).toString('base64url');
  };
  return createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: at(0x21), y: at(0x22) },
    format: 'jwk',
  });
}

function fromBase32(text: string): Uint8Array {
  let bits = '';
  for (const letter of text)
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  return Uint8Array.from(bits.match(/.{8}/g)!, (byte) => Number.parseInt(byte, 2));
}

async function decide(
  who: TestPerson,
  review: string,
  decisions: readonly { item: string; decision: string; reason?: string }[],
): Promise<Response> {
  const path = `/api/v1/reviews/${review}/statement`;
  const { digest } = await ok<Detail>(await who.call('GET', `/api/v1/reviews/${review}`), 200);
  const made = await ok<Statement>(await who.call('POST', path, { decisions, digest }), 200);
  return who.call('POST', '/api/v1/reviews/signatures', {
    ticket: made.ticket,
    proof: { passkey: who.passkey!.get(made.options) },
  });
}

const openOf = async (who: TestPerson, kind: string): Promise<Detail> => {
  const { id } = await ok<{ id: string }>(
    await who.call('POST', '/api/v1/reviews', { kind, dueDays: 7 }),
    201,
  );
  return ok<Detail>(await who.call('GET', `/api/v1/reviews/${id}`), 200);
};

describe('a review of roles', () => {
  it('a review that takes roles gives people time, needs what taking them needs, and leaves whoever alone decides', async (t) => {
    const server = await testServer();
    t.after(() => server.stop());
    const [admin, approver] = [
      await signedIn(server, [{ role: 'administrator' }]),
      await signedIn(server, [{ role: 'approver' }]),
    ];
    const prepared = await signedIn(server, [{ role: 'responder' }]);
    const open = async (who: TestPerson, dueDays: number): Promise<string> => {
      const answer = await who.call('POST', '/api/v1/reviews', { kind: 'grants', dueDays });
      return answer.status === 201 ? 'opened' : codeOf(answer);
    };
    const reason = 'nobody else can be reached tonight';
    await ok(await prepared.call('POST', '/api/v1/break-glass', { reason }), 201);
    assert.equal(await open(prepared, 30), 'not-permitted', 'by emergency access');
    assert.equal(await open(admin, 6), 'request-invalid');
    const soon = Date.now() + 6 * 60_000;
    const mocked = t.mock.method(clock, 'nowMs', () => soon);
    assert.equal(await open(admin, 30), 'proof-needed');
    mocked.mock.restore();
    const { reviews } = server.control.accounts;
    const two = [1, 2].map(() => reviews.openGrants(`person:${admin.id}`, 7, 90));
    const [one, other] = (await Promise.allSettled(two)).map(({ status }) => status).sort();
    assert.deepEqual(
      [one, other],
      ['fulfilled', 'rejected'],
      'decided in one, roles would lapse in the other',
    );
    const later = Date.now() + 8 * DAY_MS;
    t.mock.method(clock, 'nowMs', () => later);
    t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
    await keepReviews(server.control);
    t.mock.restoreAll();
    const people = await server.control.accounts.directory.list();
    const roles = [admin, approver, prepared].map(({ id }) =>
      people
        .find((one) => one.id === id)!
        .grants.flatMap(({ role, origin }) => (origin === 'break-glass' ? [] : role)),
    );
    assert.deepEqual(roles, [['administrator'], ['approver'], []]);
  });
});

describe('a review that no one can decide on', () => {
  it('takes no role when it is due, and says so beforehand and afterwards', async (t) => {
    const server = await testServer();
    t.after(() => server.stop());
    const admin = await signedIn(server, [{ role: 'administrator' }]);
    const others = [
      await signedIn(server, [{ role: 'viewer' }]),
      await signedIn(server, [{ role: 'operator' }]),
    ];
    const weak = await signedIn(server, [{ role: 'approver' }]);
    await ok(await admin.call('POST', `/api/v1/people/${weak.id}/disable`, {}), 200);
    const listed = (): Promise<{ deciding: number }> =>
      admin.call('GET', '/api/v1/reviews').then((answer) => ok<{ deciding: number }>(answer, 200));
    assert.equal((await listed()).deciding, 0);
    const opened = await admin.call('POST', '/api/v1/reviews', { kind: 'grants', dueDays: 7 });
    const review = await ok<{ id: string; deciding: number }>(opened, 201);
    assert.equal(review.deciding, 0);
    const later = Date.now() + 8 * DAY_MS;
    t.mock.method(clock, 'nowMs', () => later);
    t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
    await keepReviews(server.control);
    t.mock.restoreAll();
    const people = await server.control.accounts.directory.list();
    const roles = others.map(({ id }) => people.find((one) => one.id === id)!.grants.map(({ role }) => role));
    assert.deepEqual(roles, [['viewer'], ['operator']]);
    const { items } = await server.control.accounts.reviews.one(review.id);
    const reason = 'no one else could decide on it';
    assert.ok(items.every((item) => item.decision === 'keep' && item.reason === reason));
    await server.control.installation.flush();
    const closed = await server.control.installation.store.events.latest('review-closed');
    assert.deepEqual(closed!.data['kept'], { [reason]: items.length });
    await signedIn(server, [{ role: 'approver' }]);
    assert.equal((await listed()).deciding, 1);
  });
});

function suite(engine: string, config: () => Record<string, unknown>): void {
  describe(`reviews over ${engine}`, () => {
    let server: TestServer;
    let admin: TestPerson;
    let approver: TestPerson;
    let analyst: TestPerson;
    let idle: TestPerson;
    const events = async (type: SallyportEvent['type']): Promise<SallyportEvent[]> => {
      await server.control.installation.flush();
      return server.control.installation.store.events.since([type], '2000');
    };
    before(async () => {
      server = await testServer({ config: config() });
      admin = await signedIn(server, [{ role: 'administrator' }]);
      approver = await signedIn(server, [{ role: 'approver' }]);
      analyst = await signedIn(server, [{ role: 'analyst' }, { role: 'viewer' }]);
      idle = await signedIn(server, [{ role: 'operator' }]);
    });
    after(() => server.stop());

    it('a reviewer sees, decides and signs; what goes is gone, and the signature verifies from the record alone', async () => {
      const { review, items, digest } = await openOf(admin, 'grants');
      assert.equal(items.length, 5);
      assert.equal(await codeOf(await admin.call('POST', '/api/v1/reviews', { kind: 'grants' })), 'conflict');
      const of = (person: TestPerson, role: string): Item =>
        items.find(({ holder, evidence }) => holder === `person:${person.id}` && evidence['role'] === role)!;
      const statement = `/api/v1/reviews/${review.id}/statement`;
      const own = [{ item: of(approver, 'approver').id, decision: 'keep' }];
      assert.equal(
        await codeOf(await approver.call('POST', statement, { decisions: own, digest })),
        'not-permitted',
      );
      const wrong = [{ item: of(analyst, 'viewer').id, decision: 'unexpected', reason: 'x' }];
      assert.equal(
        await codeOf(await approver.call('POST', statement, { decisions: wrong, digest })),
        'request-invalid',
      );
      assert.equal(
        await codeOf(await admin.call('POST', statement, { decisions: own, digest })),
        'not-permitted',
      );

      const decisions = [
        { item: of(analyst, 'analyst').id, decision: 'remove', reason: 'left the team' },
        { item: of(analyst, 'viewer').id, decision: 'keep' },
      ];
      const made = await ok<Statement>(await approver.call('POST', statement, { decisions, digest }), 200);
      const elsewhere = await ok<Statement>(
        await approver.call('POST', statement, { decisions, digest }),
        200,
      );
      const signed = (options: { challenge: string }): Promise<Response> =>
        approver.call('POST', '/api/v1/reviews/signatures', {
          ticket: made.ticket,
          proof: { passkey: approver.passkey!.get(options) },
        });
      assert.equal(await codeOf(await signed(elsewhere.options)), 'factor-invalid', 'signed other words');
      // A ticket that was used is gone, also where the signature was wrong… but nothing came of it.
      const again = await ok<Statement>(await approver.call('POST', statement, { decisions, digest }), 200);
      const many = await Promise.all(
        Array.from({ length: 25 }, () =>
          approver.call('POST', '/api/v1/reviews/signatures', {
            ticket: again.ticket,
            proof: { passkey: approver.passkey!.get(again.options) },
          }),
        ),
      );
      assert.equal(many.filter(({ status }) => status === 200).length, 1, 'exactly one signature counts');
      const after = await ok<Detail>(await approver.call('GET', `/api/v1/reviews/${review.id}`), 200);
      assert.equal(after.review.undecided, 3);
      const now = (await server.control.accounts.directory.list()).find(({ id }) => id === analyst.id)!;
      assert.deepEqual(
        now.grants.map(({ role }) => role),
        ['viewer'],
      );
      assert.equal((await analyst.call('GET', '/api/v1/systems')).status, 401, 'their session is over');

      const [event, ...others] = await events('review-signed');
      assert.equal(others.length, 0);
      const data = event!.data as {
        statement: string;
        signature: {
          clientDataJSON: string;
          authenticatorData: string;
          signature: string;
          publicKey: string;
        };
      };
      assert.match(data.statement, new RegExp(`^${decisions[0]!.item} remove "left the team"$`, 'm'));
      const client = Buffer.from(data.signature.clientDataJSON, 'base64url');
      const said = createHash('sha256').update(data.statement).digest('base64url');
      assert.equal((JSON.parse(client.toString()) as { challenge: string }).challenge, said);
      const signedBytes = Buffer.concat([
        Buffer.from(data.signature.authenticatorData, 'base64url'),
        createHash('sha256').update(client).digest(),
      ]);
      const signature = Buffer.from(data.signature.signature, 'base64url');
      assert.ok(verify('sha256', signedBytes, keyOf(data.signature.publicKey), signature));
    });

    it('a code of an authenticator signs too, and nobody tries all of them', async () => {
      const own = await signedIn(server, [{ role: 'approver' }], false);
      const { id, secret } = await ok<{ id: string; secret: string }>(
        await own.call('POST', '/api/v1/account/authenticators', { name: 'test' }),
        201,
      );
      const code = (step: number): string => totpCode(fromBase32(secret), totpStep(Date.now()) + step);
      await ok(
        await own.call('POST', `/api/v1/account/authenticators/${id}/confirm`, { code: code(-1) }),
        200,
      );
      const { reviews } = await ok<{ reviews: { id: string }[] }>(
        await own.call('GET', '/api/v1/reviews'),
        200,
      );
      const { review, items, digest } = await ok<Detail>(
        await own.call('GET', `/api/v1/reviews/${reviews[0]!.id}`),
        200,
      );
      const item = items.find(
        ({ holder, decision }) => holder === `person:${approver.id}` && decision === null,
      )!;
      const made = await ok<Statement>(
        await own.call('POST', `/api/v1/reviews/${review.id}/statement`, {
          decisions: [{ item: item.id, decision: 'keep' }],
          digest,
        }),
        200,
      );
      assert.equal(made.options, null);
      const sign = (proof: object): Promise<Response> =>
        own.call('POST', '/api/v1/reviews/signatures', { ticket: made.ticket, proof });
      for (let i = 0; i < 3; i++)
        assert.equal(await codeOf(await sign({ code: '000000' })), 'factor-invalid');
      await ok(await sign({ code: code(0) }), 200);
      const codes = [];
      for (let i = 0; i < 40; i++) codes.push(await codeOf(await sign({ code: '000000' })));
      assert.equal(codes.at(-1), 'rate-limited');
    });

    it('what nobody decides on lapses when the review is due; the last administrator stays', async (t) => {
      const later = Date.now() + 8 * DAY_MS;
      t.mock.method(clock, 'nowMs', () => later);
      t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
      await keepReviews(server.control);
      t.mock.restoreAll();
      const people = await server.control.accounts.directory.list();
      const held = people.map(({ name, grants }) => [name, ...grants.map(({ role }) => role)]);
      const of = (name: string): unknown => held.find(([one]) => one === name)?.slice(1);
      assert.deepEqual(
        [admin, approver, analyst, idle].map(({ name }) => of(name)),
        [['administrator'], ['approver'], ['viewer'], []],
      );
      const closed = (await events('review-closed')).map(({ data }) => [data['kind'], data['count']]);
      assert.deepEqual(closed, [['grants', { keep: 3, remove: 1, lapsed: 1 }]]);
    });

    it('a sample is chosen by the root of the record; what is found wrong is a finding', async () => {
      const reviewer = await signedIn(server, [{ role: 'approver' }]);
      const { review, items, digest } = await openOf(admin, 'sample');
      assert.ok(items.length > 5, `${items.length} items`);
      const [size, root] = review.seed.split(' ') as [string, string];
      assert.equal(root.length, 44);
      assert.ok(Number(size) > 0 && Number(size) <= server.control.installation.ledger.size);
      const rank = (id: string): string => createHash('sha256').update(`${review.seed}\n${id}`).digest('hex');
      const ranks = items.map(({ subject }) => rank(subject)).sort();
      const opened = (await events('review-opened')).find(
        ({ subject }) => subject === `review:${review.id}`,
      )!;
      assert.equal((opened.data['items'] as string[]).length, items.length);
      if (Number(opened.data['of']) > items.length) {
        const sampled = new Set(items.map(({ subject }) => subject));
        const least = await server.control.installation.store.events.idsSince(
          [
            'session-created',
            'sign-in-failed',
            'access-decided',
            'content-read',
            'grant-given',
            'grant-removed',
          ],
          '2000',
        );
        for (const id of least.filter((one) => !sampled.has(one) && one < opened.id))
          assert.ok(rank(id) > ranks.at(-1)!, 'nothing was left out that ranks before');
      }
      const others = items.filter(({ holder }) => holder !== `person:${reviewer.id}`);
      const [first, ...rest] = others;
      const silent = await reviewer.call('POST', `/api/v1/reviews/${review.id}/statement`, {
        decisions: [{ item: first!.id, decision: 'unexpected' }],
        digest,
      });
      assert.equal(await codeOf(silent), 'request-invalid', 'what is wrong needs words');
      await ok(
        await decide(reviewer, review.id, [
          { item: first!.id, decision: 'unexpected', reason: 'nobody works at that hour' },
          ...rest.map(({ id }) => ({ item: id, decision: 'expected' })),
        ]),
        200,
      );
      await server.control.installation.flush();
      const findings = await server.control.installation.store.findings.list();
      const found = findings.find(({ technique }) => technique === 'unexpected-access');
      assert.equal(found?.subject, first!.holder);
    });

    it('emergency access is for whoever is prepared, aloud, for minutes, and judged by somebody else', async () => {
      const weak = await signedIn(server, [{ role: 'responder' }], false);
      const reason = 'the only administrator cannot be reached and calls fail';
      assert.equal(await codeOf(await weak.call('POST', '/api/v1/break-glass', { reason })), 'factor-needed');
      const plain = await signedIn(server, [{ role: 'approver' }]);
      assert.equal(
        await codeOf(await plain.call('POST', '/api/v1/break-glass', { reason })),
        'not-permitted',
      );
      const responder = await signedIn(server, [{ role: 'responder' }, { role: 'approver' }]);
      assert.equal((await responder.call('GET', '/api/v1/people')).status, 403);
      const short = await responder.call('POST', '/api/v1/break-glass', { reason: 'hm' });
      assert.equal(await codeOf(short), 'request-invalid');
      const before = Date.now();
      const grant = await ok<{ expiresAt: string }>(
        await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 10 }),
        201,
      );
      const minutes = (Date.parse(grant.expiresAt) - before) / 60_000;
      assert.ok(minutes > 9 && minutes < 11, `${minutes}`);
      await ok(await responder.call('GET', '/api/v1/people'), 200);
      const alarm = server.control.monitor!.open.find(({ rule }) => rule === 'break-glass')!;
      assert.equal(alarm.severity, 'critical');
      assert.match(alarm.detail, /only administrator cannot be reached/);

      const { reviews } = await ok<{ reviews: { id: string; kind: string }[] }>(
        await plain.call('GET', '/api/v1/reviews'),
        200,
      );
      const { id } = reviews.find(({ kind }) => kind === 'break-glass')!;
      const { items, digest } = await ok<Detail>(await plain.call('GET', `/api/v1/reviews/${id}`), 200);
      const judged = [{ item: items[0]!.id, decision: 'expected' }];
      const self = await responder.call('POST', `/api/v1/reviews/${id}/statement`, {
        decisions: judged,
        digest,
      });
      assert.equal(await codeOf(self), 'not-permitted', 'nobody judges themselves');
      await ok(await decide(plain, id, judged), 200);
      await server.control.monitor!.tick();
      const ended = server.control.monitor!.open.find(({ rule }) => rule === 'break-glass');
      assert.notEqual(ended!.over, null, 'the alarm is over, and waits for someone to look after it');
    });

    it('a sample opens by itself every week, roles are reviewed as often as configured', async (t) => {
      const kinds = async (): Promise<string[]> =>
        (await server.control.accounts.reviews.list()).map(({ kind }) => kind);
      const before = (await kinds()).filter((kind) => kind === 'sample').length;
      await keepReviews(server.control);
      assert.equal(
        (await kinds()).filter((kind) => kind === 'sample').length,
        before,
        'one was opened just now',
      );
      const later = Date.now() + 15 * DAY_MS;
      t.mock.method(clock, 'nowMs', () => later);
      t.mock.method(clock, 'nowIso', () => new Date(later).toISOString());
      await server.control.accounts.directory.add('test', { name: `late-${engine}`, grants: [] });
      await server.control.installation.announce({
        ...(await events('session-created'))[0]!,
        id: `evt_${'0'.repeat(24)}1`,
        at: new Date(later - 1_000).toISOString(),
      });
      await server.control.installation.flush();
      await keepReviews(server.control);
      assert.equal((await kinds()).filter((kind) => kind === 'sample').length, before + 1);
    });
  });
}

suite('SQLite', () => ({}));
describe('with PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
    process.env['REVIEWS_TEST_DATABASE'] = postgres.url;
  });
  after(() => postgres.stop());
  suite('PostgreSQL', () => ({ database: { urlRef: 'env:REVIEWS_TEST_DATABASE' } }));
});
