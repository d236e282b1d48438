import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Accounts, type Begun, countAccounts, type Who } from '@sallyport/access';
import { openPostgres, openSqlite, type Store } from '@sallyport/store';
import { startPostgres } from '../../store/test/postgres.ts';
import { totpCode, totpStep } from '../src/factors/totp.ts';
import { LEVEL } from '../src/people/strength.ts';
import { accountsOver, from, PASSWORD, SITE } from './people.ts';
import { SoftwarePasskey } from './software-passkey.ts';

const REPLAYS = 500;

/** How many of many at the same time succeed; the others must fail with one of these codes. */
async function won(tries: readonly Promise<unknown>[], codes: readonly string[]): Promise<number> {
  const results = await Promise.allSettled(tries);
  for (const one of results)
    if (one.status === 'rejected')
      assert.ok(codes.includes((one.reason as { code: string }).code), String(one.reason));
  return results.filter(({ status }) => status === 'fulfilled').length;
}
const times = <T>(count: number, work: (i: number) => Promise<T>): Promise<T>[] =>
  Array.from({ length: count }, (_, i) => work(i));

function suite(name: string, open: () => Promise<Store>): void {
  describe(`people over ${name}`, () => {
    let store: Store;
    let accounts: Accounts;
    let admin: Begun;
    let people = 0;
    before(async () => {
      store = await open();
      accounts = accountsOver(store);
    });
    after(() => store.close());

    const whoOf = async ({ token }: Begun): Promise<Who> => (await accounts.sessions.who(token, false))!;
    const link = async (): Promise<{ id: string; name: string; token: string }> => {
      const name = `person-${people++}`;
      const { person, token } = await accounts.directory.add('test', { name, grants: [{ role: 'viewer' }] });
      return { id: person.id, name, token: token! };
    };
    const person = async (): Promise<{ id: string; name: string; begun: Begun }> => {
      const { id, name, token } = await link();
      return {
        id,
        name,
        begun: await accounts.links.use(token, { name: '', password: PASSWORD }, from()),
      };
    };
    const withTotp = async (begun: Begun): Promise<{ secret: Buffer; begun: Begun }> => {
      const { id, secret } = await accounts.factors.beginTotp(await whoOf(begun), 'app');
      const bits = [...secret]
        .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
        .join('');
      const bytes = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
      // The code of the step before: the one of now is left for what follows.
      const code = totpCode(bytes, totpStep(Date.now()) - 1);
      return { secret: bytes, begun: await accounts.factors.confirmTotp(await whoOf(begun), id, code) };
    };
    const withPasskey = async (begun: Begun): Promise<{ passkey: SoftwarePasskey; begun: Begun }> => {
      const passkey = new SoftwarePasskey(SITE.origin);
      const { ticket, options } = await accounts.factors.beginPasskey(await whoOf(begun), SITE);
      const made = passkey.create(options as { challenge: string });
      const added = await accounts.factors.addPasskey(await whoOf(begun), SITE, {
        ticket,
        name: 'key',
        passkey: made as never,
      });
      return { passkey, begun: added };
    };
    const pending = async (name: string, address: string): Promise<string> => {
      const first = await accounts.signIn.password(name, PASSWORD, from(address));
      assert.ok('pending' in first);
      return first.pending;
    };

    it('the first link makes one administrator, whoever races', async () => {
      const token = (await accounts.links.first())!;
      const setUp = (i: number): Promise<Begun> =>
        accounts.links.use(token, { name: `Ann${i}`, password: PASSWORD }, from());
      assert.equal(
        await won(
          times(REPLAYS, async (i) => (admin = await setUp(i))),
          ['setup-link-invalid', 'overloaded'],
        ),
        1,
      );
      assert.equal(await store.people.count(), 1);
      assert.match(admin.person.name, /^ann\d+$/, 'names are lower case');
      assert.equal(await accounts.links.first(), null);
    });

    it('a link of somebody who was added works once, and voids what they had', async () => {
      const { name, token } = await link();
      const use = (): Promise<Begun> =>
        accounts.links.use(token, { name: 'eve', password: PASSWORD }, from());
      assert.equal(await won(times(REPLAYS, use), ['setup-link-invalid', 'overloaded']), 1);
      const first = await accounts.signIn.password(name, PASSWORD, from());
      assert.ok('begun' in first, 'the name in the link counts, not the one that was sent along');
      await withTotp(first.begun);
      const again = await accounts.links.make('test', await accounts.directory.find(name));
      await accounts.links.use(again.token, { name: '', password: `another ${PASSWORD}` }, from());
      assert.equal(await accounts.sessions.who(first.begun.token, false), null);
      assert.ok(
        'begun' in (await accounts.signIn.password(name, `another ${PASSWORD}`, from())),
        'no second factor any more',
      );
      await assert.rejects(accounts.signIn.password(name, PASSWORD, from()), { code: 'not-signed-in' });
    });

    it('a code of an authenticator app works once, whoever races', async () => {
      const { name, begun } = await person();
      const { secret } = await withTotp(begun);
      // Each from an address and with a first factor of its own, so that nothing but the code decides.
      const waiting = await Promise.all(times(8, (i) => pending(name, `198.51.100.${i}`)));
      const code = totpCode(secret, totpStep(Date.now()));
      const use = (i: number): Promise<unknown> =>
        accounts.signIn.secondFactor(waiting[i % 8]!, { code }, from(`198.51.${i % 250}.${i >> 4}`), SITE);
      assert.equal(await won(times(REPLAYS, use), ['factor-invalid', 'rate-limited', 'not-signed-in']), 1);
      assert.equal(await won([use(600)], ['not-signed-in', 'factor-invalid', 'rate-limited']), 0);
    });

    it('a recovery code works once, whoever races; the level is two', async () => {
      const { name, begun } = await person();
      const risen = await withTotp(begun);
      const [code] = await accounts.factors.newRecoveryCodes(await whoOf(risen.begun));
      const waiting = await Promise.all(times(8, (i) => pending(name, `198.51.101.${i}`)));
      let session: Begun | null = null;
      const use = async (i: number): Promise<void> => {
        session = await accounts.signIn.secondFactor(
          waiting[i % 8]!,
          { recoveryCode: code! },
          from(`203.0.${i % 250}.${i >> 4}`),
          SITE,
        );
      };
      assert.equal(await won(times(REPLAYS, use), ['factor-invalid', 'rate-limited', 'not-signed-in']), 1);
      assert.equal((session as Begun | null)?.session.level, 2);
      assert.equal(
        (await accounts.factors.list(begun.person.id)).filter(
          (one) => one.kind === 'recovery-code' && one.usedAt === null,
        ).length,
        9,
      );
    });

    it('a first factor cannot be followed by two second ones', async () => {
      const { name, begun } = await person();
      const { passkey } = await withPasskey(begun);
      const token = await pending(name, '192.0.2.9');
      const challenges = await Promise.all(
        times(20, () => accounts.factors.challenge(SITE, begun.person.id)),
      );
      const tries = challenges.map(({ ticket, options }) =>
        accounts.signIn.secondFactor(
          token,
          { ticket, passkey: passkey.get(options as never) as never },
          from(),
          SITE,
        ),
      );
      assert.equal(await won(tries, ['not-signed-in', 'rate-limited', 'factor-invalid']), 1);
    });

    it('a passkey signs in alone; its challenge works once, at this site, for its person', async () => {
      const { begun } = await person();
      const { passkey } = await withPasskey(begun);
      const ask = (id: string | null = null) => accounts.factors.challenge(SITE, id);
      const signIn = (ticket: string, answer: unknown): Promise<Begun> =>
        accounts.signIn.passkey(ticket, answer as never, from(), SITE);
      const { ticket, options } = await ask();
      const answer = passkey.get(options as never);
      assert.equal(
        await won(
          times(REPLAYS, () => signIn(ticket, answer)),
          ['factor-invalid', 'rate-limited'],
        ),
        1,
      );
      const wait = await person();
      const { passkey: other } = await withPasskey(wait.begun);
      const foreign = new SoftwarePasskey('https://evil.example');
      Object.assign(foreign, { id: other.id });
      for (const [why, bad] of [
        ['another site', async () => foreign.get((await ask()).options as never)],
        [
          'a challenge of somebody else',
          async () => other.get((await ask(begun.person.id)).options as never),
        ],
        [
          'another key',
          async () =>
            Object.assign(passkey.get((await ask()).options as never), {
              id: other.id.toString('base64url'),
              rawId: other.id.toString('base64url'),
            }),
        ],
        ['nobody’s key', async () => new SoftwarePasskey(SITE.origin).get((await ask()).options as never)],
      ] as const) {
        const { ticket: fresh } = await ask();
        await assert.rejects(signIn(fresh, await bad()), { code: 'factor-invalid' }, why);
      }
      other.verifies = false;
      const unverified = await ask();
      await assert.rejects(signIn(unverified.ticket, other.get(unverified.options as never)), /verification/);
    });

    it('whom a provider alone keeps comes in through it, and proves themselves again with a passkey of here', async () => {
      const said = { scimId: null, names: ['from-provider'], grants: [{ role: 'viewer' }] };
      const who = await accounts.directory.fromProvider({ ...said, externalId: 'https://idp.example|one' });
      const signedOn = () =>
        store.change(async (tx) => {
          const proven = { level: LEVEL.one, methods: ['provider'] };
          const { begun, event } = await accounts.sessions.begin(tx, who, from(), proven);
          return { result: begun, event };
        });
      const { passkey } = await withPasskey(await signedOn());
      const { ticket, options } = await accounts.factors.challenge(SITE, null);
      const answer = passkey.get(options as never);
      await assert.rejects(accounts.signIn.passkey(ticket, answer as never, from(), SITE), {
        code: 'not-permitted',
        message: /through its identity provider/,
      });
      const session = await whoOf(await signedOn());
      const asked = await accounts.factors.challenge(SITE, who.id);
      const proof = { ticket: asked.ticket, passkey: passkey.get(asked.options as never) as never };
      const proven = await accounts.signIn.proveAgain(session, proof, from(), SITE);
      assert.equal(proven.session.level, LEVEL.resistant);
    });

    it('a passkey whose counter does not move on is a copy', async () => {
      const { begun } = await person();
      const { passkey } = await withPasskey(begun);
      const use = async (counter: number): Promise<Begun> => {
        passkey.counter = counter;
        const { ticket, options } = await accounts.factors.challenge(SITE, null);
        return accounts.signIn.passkey(ticket, passkey.get(options as never) as never, from(), SITE);
      };
      await use(5);
      await assert.rejects(use(5), { code: 'factor-invalid' });
      await assert.rejects(use(4), { code: 'factor-invalid' });
      await use(6);
    });

    it('failed passwords: few for one account, over unlimited addresses; a known device is not locked out by strangers', async () => {
      const { name, begun } = await person();
      const first = await accounts.signIn.password(name, PASSWORD, from('203.0.113.1'));
      assert.ok('begun' in first);
      const device = first.begun.device!;
      const wrong = (i: number): Promise<unknown> =>
        accounts.signIn.password(name, 'wrong', from(`2001:db8:${i}::1`));
      const results = await Promise.allSettled(times(400, wrong));
      const failed = results.filter(
        (one) => (one as PromiseRejectedResult).reason.code === 'not-signed-in',
      ).length;
      assert.ok(failed > 0 && failed <= 100, `${failed} passwords were tried`);
      assert.equal(results.filter((one) => one.status === 'fulfilled').length, 0);
      await assert.rejects(accounts.signIn.password(name, PASSWORD, from('203.0.113.2')), {
        code: 'rate-limited',
      });
      assert.ok('begun' in (await accounts.signIn.password(name, PASSWORD, from('203.0.113.2', device))));
      await assert.rejects(accounts.signIn.password(name, PASSWORD, from('203.0.113.2', 'made-up')), {
        code: 'rate-limited',
      });
      assert.ok(await whoOf(begun));
    });

    it('failed passwords: few for one address, over unlimited accounts, known or not; one network of IPv6 counts as one', async () => {
      for (const address of ['203.0.113.77', '2001:db8:77::']) {
        const from2 = (i: number) =>
          from(address.includes(':') ? `${address}${(i + 1).toString(16)}` : address);
        const results = await Promise.allSettled(
          times(100, (i) => accounts.signIn.password(`nobody-${address}-${i}`, 'wrong', from2(i))),
        );
        const failed = results.filter(
          (one) => (one as PromiseRejectedResult).reason.code === 'not-signed-in',
        ).length;
        assert.equal(failed, 30);
      }
    });

    it('somebody who does not exist is answered as somebody who does', async () => {
      const { name } = await person();
      const told = async (account: string): Promise<unknown[]> => {
        const out: unknown[] = [];
        for (let i = 0; i < 12; i++)
          await accounts.signIn
            .password(account, 'wrong', from(`203.1.${i}.1`))
            .catch((fault) => out.push([fault.code, fault.message]));
        return out;
      };
      assert.deepEqual(await told(name), await told('nobody-at-all'));
    });

    it('a session gets another token with each proof; whoever has an old one is out', async () => {
      const { begun } = await person();
      const { secret, begun: second } = await withTotp(begun);
      assert.equal(await accounts.sessions.who(begun.token, false), null);
      const proof = { code: totpCode(secret, totpStep(Date.now())) };
      const third = await accounts.signIn.proveAgain(await whoOf(second), proof, from(), SITE);
      assert.equal(await accounts.sessions.who(second.token, false), null);
      assert.deepEqual([third.session.level, third.session.id], [2, begun.session.id]);
      const { begun: fourth, passkey } = await withPasskey(third);
      assert.deepEqual(
        [fourth.session.level, fourth.session.methods],
        [3, ['set-up-link', 'password', 'totp', 'passkey']],
      );
      await assert.rejects(
        accounts.signIn.proveAgain(await whoOf(fourth), { password: PASSWORD }, from(), SITE),
        {
          code: 'factor-invalid',
        },
      );
      const { ticket, options } = await accounts.factors.challenge(SITE, begun.person.id);
      const answer = passkey.get(options as never) as never;
      const fifth = await accounts.signIn.proveAgain(
        await whoOf(fourth),
        { ticket, passkey: answer },
        from(),
        SITE,
      );
      assert.equal((await accounts.sessions.list(begun.person.id)).sessions.length, 1);
      assert.ok(await accounts.sessions.who(fifth.token, false));
    });

    it('roles: given and taken end sessions; the last administrator stays', async () => {
      const { id, name, begun } = await person();
      const given = await accounts.directory.grant('test', name, { role: 'operator', system: 'chat' });
      assert.equal(await accounts.sessions.who(begun.token, false), null);
      await assert.rejects(accounts.directory.grant('test', id, { role: 'operator', system: 'chat' }), {
        code: 'conflict',
      });
      await assert.rejects(accounts.directory.grant('test', id, { role: 'emperor' }), {
        code: 'request-invalid',
      });
      await accounts.directory.ungrant('test', name, given.id);
      await assert.rejects(accounts.directory.ungrant('test', name, given.id), { code: 'not-found' });
      const first = (await accounts.directory.list()).find((one) => one.id === admin.person.id)!;
      await assert.rejects(accounts.directory.setDisabled('test', first.name, true), { code: 'conflict' });
      await assert.rejects(accounts.directory.ungrant('test', first.id, first.grants[0]!.id), {
        code: 'conflict',
      });
      assert.ok(await accounts.sessions.who(admin.token, false), 'what was refused changed nothing');
      const second = await person();
      await accounts.directory.grant('test', second.id, { role: 'administrator' });
      // Two at the same time: one must stay.
      const both = [first.name, second.name].map((one) => accounts.directory.setDisabled('test', one, true));
      assert.equal(await won(both, ['conflict']), 1);
    });

    it('somebody who is shut out is out at once, with every credential', async () => {
      const { name, begun } = await person();
      const { passkey, begun: risen } = await withPasskey(begun);
      await accounts.directory.setDisabled('test', name, true);
      assert.equal(await accounts.sessions.who(risen.token, false), null);
      await assert.rejects(accounts.signIn.password(name, PASSWORD, from()), { code: 'not-signed-in' });
      const { ticket, options } = await accounts.factors.challenge(SITE, null);
      await assert.rejects(
        accounts.signIn.passkey(ticket, passkey.get(options as never) as never, from(), SITE),
        {
          code: 'factor-invalid',
        },
      );
    });

    it('the factor that roles need stays', async () => {
      const { id, begun } = await person();
      const { begun: risen } = await withPasskey(begun);
      const who = await whoOf(risen);
      const [factor] = await accounts.factors.list(id);
      await assert.rejects(accounts.factors.remove(who, factor!.id, 3), { code: 'conflict' });
      await accounts.factors.newRecoveryCodes(who);
      await accounts.factors.remove(who, factor!.id, 1);
      assert.deepEqual(await accounts.factors.list(id), [], 'recovery codes go with the last factor');
      await assert.rejects(accounts.factors.newRecoveryCodes(who), { code: 'conflict' });
    });

    it('knows devices and new addresses', async () => {
      const { id, name, begun } = await person();
      const second = await accounts.signIn.password(name, PASSWORD, from('203.0.113.9', begun.device));
      assert.ok('begun' in second && second.begun.device === null);
      await accounts.signIn.password(name, PASSWORD, from('203.0.113.10'));
      const { devices } = await accounts.sessions.list(id);
      assert.equal(devices.length, 2);
      const kept = devices.find(({ address }) => address === '203.0.113.9')!;
      await accounts.sessions.forgetDevice('test', id, kept.id);
      assert.equal(await accounts.sessions.who(begun.token, false), null, 'sessions on it are over');
      const told = (await store.outbox.rows(10_000))
        .map(({ event }) => event!)
        .filter((event) => event.type === 'session-created' && event.subject === `person:${id}`)
        .map(({ data }) => [data['newDevice'], data['newAddress']]);
      assert.deepEqual(told, [
        [false, false],
        [false, true],
        [true, true],
      ]);
    });

    it('roles that nobody used are taken away, but for the last administrator', async () => {
      const { id, name } = await person();
      const change = (at: string | null): Promise<unknown> =>
        store.change(async (tx) => {
          const set = { created_at: '2020-01-01T00:00:00.000Z', last_used_at: at };
          await tx.updateTable('grants').set(set).where('holder', '=', `person:${id}`).execute();
          return { result: undefined, event: [] };
        });
      const held = async () =>
        (await accounts.directory.list()).find((one) => one.name === name)!.grants.length;
      // A program's unused role is no person's, and stands in nobody's way.
      const program = await accounts.programs.add('test', {
        name: 'unused',
        purpose: 'a test',
        owner: null,
        grants: [{ role: 'viewer' }],
      });
      await store.change(async (tx) => {
        const set = { created_at: '2020-01-01T00:00:00.000Z' };
        await tx.updateTable('grants').set(set).where('holder', '=', `program:${program.id}`).execute();
        return { result: undefined, event: [] };
      });
      await change(new Date().toISOString());
      assert.equal(await accounts.directory.takeAwayUnused(90), 1, 'that of the program');
      assert.deepEqual((await accounts.programs.list()).find(({ id }) => id === program.id)!.grants, []);
      assert.equal(await held(), 1);
      assert.equal((await countAccounts(store, 90)).unusedGrants, 0);
      await change(null);
      assert.equal((await countAccounts(store, 90)).unusedGrants, 1);
      assert.equal(await accounts.directory.takeAwayUnused(90), 1);
      assert.equal(await held(), 0);
      assert.ok((await countAccounts(store, 90)).orphans >= 1);
    });

    it('a session ends when idle, whatever a page fetches by itself', async () => {
      const short = accountsOver(store, { idleMs: 1 });
      const { begun } = await person();
      await new Promise((tick) => setTimeout(tick, 5));
      assert.equal(await short.sessions.who(begun.token, true), null);
      assert.ok(await accounts.sessions.who(begun.token, true));
    });
  });
}

suite('SQLite', () => openSqlite(':memory:'));
describe('with PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());
  suite('PostgreSQL', () => openPostgres(postgres.url));
});
