import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Accounts, Begun, Who } from '@sallyport/access';
import { openPostgres, openSqlite, type Store } from '@sallyport/store';
import { startPostgres } from '../../store/test/postgres.ts';
import { accountsOver, from, PASSWORD, SITE } from './people.ts';
import { SoftwarePasskey } from './software-passkey.ts';

const OTHER = `another ${PASSWORD}`;

function suite(name: string, open: () => Promise<Store>): void {
  describe(`a session begins from what holds then, over ${name}`, () => {
    let store: Store;
    let accounts: Accounts;
    let people = 0;
    before(async () => {
      store = await open();
      accounts = accountsOver(store);
      await accounts.links.use((await accounts.links.first())!, { name: 'ann', password: PASSWORD }, from());
    });
    after(() => store.close());

    interface Ready {
      readonly id: string;
      readonly name: string;
      readonly begun: Begun;
    }
    const whoOf = async ({ token }: Begun): Promise<Who> => (await accounts.sessions.who(token, false))!;
    const added = async (): Promise<{ id: string; name: string; token: string }> => {
      const own = `racer-${people++}`;
      const { person, token } = await accounts.directory.add('test', {
        name: own,
        grants: [{ role: 'viewer' }],
      });
      return { id: person.id, name: own, token: token! };
    };
    const ready = async (): Promise<Ready> => {
      const { id, name: own, token } = await added();
      return {
        id,
        name: own,
        begun: await accounts.links.use(token, { name: '', password: PASSWORD }, from()),
      };
    };
    const addPasskey = async (begun: Begun): Promise<SoftwarePasskey> => {
      const passkey = new SoftwarePasskey(SITE.origin);
      const { ticket, options } = await accounts.factors.beginPasskey(await whoOf(begun), SITE);
      const made = passkey.create(options as { challenge: string }) as never;
      await accounts.factors.addPasskey(await whoOf(begun), SITE, { ticket, name: 'key', passkey: made });
      return passkey;
    };
    /** Does something after what is proven was read, and before the session begins. */
    const meanwhile = <T>(work: () => Promise<T>, change: () => Promise<unknown>): Promise<T> => {
      const own = store as { change?: Store['change'] };
      const usual = store.change.bind(store);
      own.change = (async (inside: Parameters<Store['change']>[0]) => {
        own.change = usual;
        await change();
        return usual(inside);
      }) as Store['change'];
      return work().finally(() => {
        own.change = usual;
      });
    };
    const sessionsOf = async (id: string): Promise<number> =>
      (await accounts.sessions.list(id)).sessions.length;
    const disable = ({ id }: { id: string }): Promise<void> =>
      accounts.directory.setDisabled('test', id, true);
    const changes: Record<string, (one: Ready) => Promise<unknown>> = {
      'shut out': disable,
      'a new password by link': async ({ id }) => {
        const { token } = await accounts.links.make('test', await accounts.directory.find(id));
        const made = await accounts.links.use(token, { name: '', password: OTHER }, from());
        await accounts.sessions.endOf('test', id, {}, made.session.id);
      },
    };

    for (const [what, change] of Object.entries(changes)) {
      const check = async (one: Ready, tried: Promise<unknown>): Promise<void> => {
        const done = await tried.then(
          () => null,
          (fault: { code?: string }) => fault.code ?? String(fault),
        );
        assert.ok(['not-signed-in', 'factor-invalid', 'setup-link-invalid'].includes(done ?? ''), `${done}`);
        await accounts.directory.setDisabled('test', one.id, false);
        assert.equal(await sessionsOf(one.id), 0, 'no session is left when let in again');
      };
      it(`${what} while a password is looked at`, async () => {
        const one = await ready();
        await check(
          one,
          meanwhile(
            () => accounts.signIn.password(one.name, PASSWORD, from()),
            () => change(one),
          ),
        );
      });
      it(`${what} while a second factor is asked for, and while it is looked at`, async () => {
        for (const late of [false, true]) {
          const one = await ready();
          const passkey = await addPasskey(one.begun);
          const first = await accounts.signIn.password(one.name, PASSWORD, from());
          assert.ok('pending' in first);
          const { ticket, options } = await accounts.factors.challenge(SITE, one.id);
          const proof = { ticket, passkey: passkey.get(options as { challenge: string }) as never };
          const prove = () => accounts.signIn.secondFactor(first.pending, proof, from(), SITE);
          if (late)
            await check(
              one,
              meanwhile(prove, () => change(one)),
            );
          else {
            await change(one);
            await check(one, prove());
          }
        }
      });
      it(`${what} while a passkey is looked at`, async () => {
        const one = await ready();
        const passkey = await addPasskey(one.begun);
        const { ticket, options } = await accounts.factors.challenge(SITE, null);
        const signed = passkey.get(options as { challenge: string }) as never;
        await check(
          one,
          meanwhile(
            () => accounts.signIn.passkey(ticket, signed, from(), SITE),
            () => change(one),
          ),
        );
      });
      it(`${what} while a set-up link is used`, async () => {
        const { token, ...one } = await added();
        await check(
          one as Ready,
          meanwhile(
            () => accounts.links.use(token, { name: '', password: PASSWORD }, from()),
            () => change(one as Ready),
          ),
        );
      });
      it(`${what} while one proves oneself again, or chooses a password`, async () => {
        for (const again of [true, false]) {
          const one = await ready();
          const who = await whoOf(one.begun);
          await check(
            one,
            meanwhile<unknown>(
              () =>
                again
                  ? accounts.signIn.proveAgain(who, { password: PASSWORD }, from(), SITE)
                  : accounts.signIn.changePassword(who, PASSWORD, `third ${PASSWORD}`, from()),
              () => change(one),
            ),
          );
          if (what === 'a new password by link')
            assert.ok('begun' in (await accounts.signIn.password(one.name, OTHER, from())), 'it stays');
        }
      });
    }

    it('an old password and the second factor open nothing once the password has changed', async () => {
      const one = await ready();
      const passkey = await addPasskey(one.begun);
      const owner = await accounts.signIn.password(one.name, PASSWORD, from());
      assert.ok('pending' in owner);
      const challenge = async () => {
        const { ticket, options } = await accounts.factors.challenge(SITE, one.id);
        return { ticket, passkey: passkey.get(options as { challenge: string }) as never };
      };
      const begun = await accounts.signIn.secondFactor(owner.pending, await challenge(), from(), SITE);
      const old = await accounts.signIn.password(one.name, PASSWORD, from());
      assert.ok('pending' in old);
      await accounts.signIn.changePassword(await whoOf(begun), PASSWORD, OTHER, from());
      await assert.rejects(
        accounts.signIn.secondFactor(old.pending, await challenge(), from(), SITE),
        { code: 'not-signed-in' },
        'the old password counts still',
      );
    });

    it('a passkey that is added while a password is looked at is asked for', async () => {
      const one = await ready();
      await assert.rejects(
        meanwhile(
          () => accounts.signIn.password(one.name, PASSWORD, from()),
          () => addPasskey(one.begun),
        ),
        { code: 'not-signed-in' },
      );
    });

    it('letting somebody in again ends whatever session there is', async () => {
      const one = await ready();
      await disable(one);
      const { session } = one.begun;
      // As one that began in the very moment would be.
      await store.change(async (tx) => {
        await store.sessions.insert(tx, { ...session, id: `${session.id}x`, hash: `${session.hash}x` });
        return { result: undefined, event: [] };
      });
      await accounts.directory.setDisabled('test', one.id, false);
      assert.equal(await sessionsOf(one.id), 0);
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
