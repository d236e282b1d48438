import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Accounts, Begun, Who } from '@sallyport/access';
import { openSqlite, type Store } from '@sallyport/store';
import { totpCode, totpStep } from '../src/factors/totp.ts';
import { accountsOver, from, PASSWORD, SITE } from './people.ts';
import { SoftwarePasskey } from './software-passkey.ts';

/** Which factors an account has; recovery codes come with another one. */
const ENROLLED = [
  [],
  ['totp'],
  ['passkey'],
  ['totp', 'passkey'],
  ['totp', 'recovery-code'],
  ['passkey', 'recovery-code'],
  ['totp', 'passkey', 'recovery-code'],
] as const;
const PROOFS = ['password', 'totp', 'recovery-code', 'passkey'] as const;
type Kind = (typeof PROOFS)[number];
/** The order of strength, told here once more: not taken from the code. */
const RANK: Readonly<Record<Kind, number>> = { password: 1, totp: 2, 'recovery-code': 2, passkey: 3 };

describe('factors change only for whoever proves the strongest that is enrolled', () => {
  let store: Store;
  let accounts: Accounts;
  let people = 0;
  before(async () => {
    store = await openSqlite(':memory:');
    accounts = accountsOver(store);
  });
  after(() => store.close());

  const whoOf = async ({ token }: Begun): Promise<Who> => (await accounts.sessions.who(token, false))!;

  /** An account with factors, and ways to sign in to it with each. */
  async function account(enrolled: readonly Kind[]) {
    const name = `person-${people++}`;
    const { token } = await accounts.directory.add('test', { name, grants: [{ role: 'viewer' }] });
    let begun = await accounts.links.use(token!, { name: '', password: PASSWORD }, from());
    let secret = Buffer.alloc(0);
    const passkey = new SoftwarePasskey(SITE.origin);
    let step = 0;
    if (enrolled.includes('totp')) {
      const made = await accounts.factors.beginTotp(await whoOf(begun), 'app');
      const bits = [...made.secret]
        .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
        .join('');
      secret = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
      const who = await whoOf(begun);
      // The code of the step before, told at the last moment: it is good for thirty seconds more at most.
      step = totpStep(Date.now()) - 1;
      begun = await accounts.factors.confirmTotp(who, made.id, totpCode(secret, step++));
    }
    if (enrolled.includes('passkey')) {
      const { ticket, options } = await accounts.factors.beginPasskey(await whoOf(begun), SITE);
      const made = passkey.create(options as never);
      begun = await accounts.factors.addPasskey(await whoOf(begun), SITE, {
        ticket,
        name: 'key',
        passkey: made as never,
      });
    }
    const codes = enrolled.includes('recovery-code')
      ? await accounts.factors.newRecoveryCodes(await whoOf(begun))
      : [];
    const proof = async (kind: Kind) => {
      if (kind === 'totp') return { code: totpCode(secret, step++) };
      if (kind === 'recovery-code') return { recoveryCode: codes.pop()! };
      const { ticket, options } = await accounts.factors.challenge(SITE, begun.person.id);
      return { ticket, passkey: passkey.get(options as never) as never };
    };
    const signIn = async (kind: Kind): Promise<Begun> => {
      const first = await accounts.signIn.password(name, PASSWORD, from());
      if ('begun' in first) return first.begun;
      return accounts.signIn.secondFactor(first.pending, await proof(kind), from(), SITE);
    };
    return { id: begun.person.id, name, strong: begun, signIn, proof };
  }
  type Account = Awaited<ReturnType<typeof account>>;

  /** Everything that changes what proves somebody. Each answers whether it was done. */
  const OPERATIONS: Readonly<Record<string, (own: Account, who: Who) => Promise<unknown>>> = {
    'begin a passkey': (_, who) => accounts.factors.beginPasskey(who, SITE),
    'add a passkey': async (own, who) => {
      // Begun by a session that may; finished by this one.
      const { ticket, options } = await accounts.factors.beginPasskey(await whoOf(own.strong), SITE);
      const passkey = new SoftwarePasskey(SITE.origin).create(options as never) as never;
      await accounts.factors.addPasskey(who, SITE, { ticket, name: 'evil', passkey });
    },
    'begin an authenticator': (_, who) => accounts.factors.beginTotp(who, 'evil'),
    'confirm an authenticator': async (own, who) => {
      const { id } = await accounts.factors.beginTotp(await whoOf(own.strong), 'evil');
      await assert.rejects(accounts.factors.confirmTotp(who, id, 'none'), (fault: { code: string }) => {
        if (fault.code === 'proof-needed') throw fault;
        return fault.code === 'factor-invalid';
      });
    },
    'make recovery codes': async (own, who) => {
      await accounts.factors.newRecoveryCodes(who).catch((fault: { code: string }) => {
        // With nothing enrolled there is nothing that they stand in for.
        if (fault.code !== 'conflict' || own.strong.session.level !== 1) throw fault;
      });
    },
    'remove each factor': async (own, who) => {
      const held = (await accounts.factors.list(own.id)).filter(({ kind }) => kind !== 'recovery-code');
      const [first] = held;
      await accounts.factors.remove(who, first?.id ?? 'none', 1).catch((fault: { code: string }) => {
        if (fault.code !== 'not-found' || first) throw fault;
      });
    },
    'change the password': (_, who) =>
      accounts.signIn.changePassword(who, PASSWORD, `another ${PASSWORD}`, from()),
  };

  for (const [what, operate] of Object.entries(OPERATIONS))
    it(`${what}: every set of factors, every proof, fresh and old`, async () => {
      let pairs = 0;
      for (const enrolled of ENROLLED)
        for (const kind of PROOFS) {
          if (kind === 'password' ? enrolled.length > 0 : !(enrolled as readonly Kind[]).includes(kind))
            continue;
          for (const fresh of [true, false]) {
            const own = await account(enrolled);
            const begun = await own.signIn(kind);
            const age = fresh ? 4.9 : 5.1;
            const provenAt = new Date(Date.now() - age * 60_000).toISOString();
            await store.change(async (tx) => {
              await tx
                .updateTable('sessions')
                .set({ proven_at: provenAt })
                .where('id', '=', begun.session.id)
                .execute();
              return { result: undefined, event: [] };
            });
            const before = (await accounts.factors.list(own.id)).length;
            const may = fresh && RANK[kind] >= Math.max(1, ...enrolled.map((one) => RANK[one]));
            const done = await operate(own, await whoOf(begun)).then(
              () => true,
              (fault: { code: string }) => {
                assert.equal(fault.code, 'proof-needed', `${enrolled} by ${kind}: ${fault}`);
                return false;
              },
            );
            assert.equal(done, may, `enrolled [${enrolled}], proven by ${kind}${fresh ? '' : ' long ago'}`);
            if (!may) assert.equal((await accounts.factors.list(own.id)).length, before, 'nothing changed');
            pairs++;
          }
        }
      assert.equal(pairs, 24);
    });

  it('a code does not make fresh again what a passkey proved', async () => {
    const own = await account(['totp', 'passkey']);
    const begun = await own.signIn('passkey');
    await assert.rejects(
      accounts.signIn.proveAgain(await whoOf(begun), await own.proof('totp'), from(), SITE),
      /proven with something stronger/,
    );
    const again = await accounts.signIn.proveAgain(
      await whoOf(begun),
      await own.proof('passkey'),
      from(),
      SITE,
    );
    assert.equal(again.session.level, 3);
  });

  it('a password does not make fresh again what a provider proved, and enrols nothing there', async () => {
    const own = await account([]);
    const old = new Date(Date.now() - 3 * 3_600_000).toISOString();
    for (const level of [2, 3]) {
      const { token } = await store.change(async (tx) => {
        const proven = { level, methods: ['provider'], at: old };
        const { begun, event } = await accounts.sessions.begin(tx, own.strong.person, from(), proven);
        return { result: begun, event };
      });
      const who = (await accounts.sessions.who(token, false))!;
      const prove = accounts.signIn.proveAgain(who, { password: PASSWORD }, from(), SITE);
      await assert.rejects(prove, { code: 'factor-invalid', message: /sign in with that again/ });
      const now = (await accounts.sessions.who(token, false))!;
      assert.deepEqual([now.session.level, now.session.provenAt], [level, old], 'as it was');
      await assert.rejects(accounts.factors.beginPasskey(now, SITE), { code: 'proof-needed' });
    }
    const begun = await own.signIn('password');
    const again = await accounts.signIn.proveAgain(await whoOf(begun), { password: PASSWORD }, from(), SITE);
    assert.equal(again.session.level, 1, 'what a password began, it proves again');
  });

  it('a session that a code began rises with the passkey, and may then', async () => {
    const own = await account(['totp', 'passkey']);
    const begun = await own.signIn('totp');
    const risen = await accounts.signIn.proveAgain(
      await whoOf(begun),
      await own.proof('passkey'),
      from(),
      SITE,
    );
    await accounts.factors.beginPasskey(await whoOf(risen), SITE);
  });

  it('a new authenticator does not make an old proof fresh', async () => {
    const own = await account(['passkey']);
    const old = new Date(Date.now() - 4 * 60_000).toISOString();
    await store.change(async (tx) => {
      await tx.updateTable('sessions').set({ proven_at: old }).where('person_id', '=', own.id).execute();
      return { result: undefined, event: [] };
    });
    const who = await whoOf(own.strong);
    const { id, secret } = await accounts.factors.beginTotp(who, 'app');
    const bits = [...secret]
      .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
      .join('');
    const bytes = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
    const begun = await accounts.factors.confirmTotp(who, id, totpCode(bytes, totpStep(Date.now())));
    assert.equal(begun.session.provenAt, old);
  });

  it('removing the passkey ends other sessions, and leaves this one at what can be proven still', async () => {
    const own = await account(['totp', 'passkey']);
    const other = await own.signIn('passkey');
    const [passkey] = (await accounts.factors.list(own.id)).filter(({ kind }) => kind === 'passkey');
    await accounts.factors.remove(await whoOf(own.strong), passkey!.id, 1);
    assert.equal(await accounts.sessions.who(other.token, false), null);
    assert.equal((await whoOf(own.strong)).session.level, 2);
  });

  it('two at the same time: what the first adds, the second must have proven', async () => {
    const own = await account([]);
    const who = await whoOf(own.strong);
    const thief = await whoOf(await own.signIn('password'));
    const begin = (one: Who) => accounts.factors.beginPasskey(one, SITE);
    const [mine, theirs] = [await begin(who), await begin(thief)];
    const add = (one: Who, { ticket, options }: { ticket: string; options: object }) =>
      accounts.factors.addPasskey(one, SITE, {
        ticket,
        name: 'key',
        passkey: new SoftwarePasskey(SITE.origin).create(options as never) as never,
      });
    const done = await Promise.allSettled([add(who, mine), add(thief, theirs)]);
    assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await accounts.factors.list(own.id)).length, 1);
  });
});
