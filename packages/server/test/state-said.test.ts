import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Control } from '../src/control.ts';
import { controlIn, inSqlite } from './behind.ts';

describe(
  'who is whom, and who made whom, as the log says',
  { skip: process.env['TEST_POSTGRES'] !== undefined && 'it is of the embedded engine' },
  () => {
    const place = inSqlite();
    let control: Control;
    let admin: { id: string };
    let made: { id: string };
    let program: string;
    const start = async (): Promise<void> => {
      control = await controlIn(place);
    };
    let count = 0;
    const add = async (role: string): Promise<{ id: string }> =>
      (await control.accounts.directory.add('test', { name: `p-${count++}`, grants: [{ role }] })).person;
    const owes = (): Promise<string[]> => control.fourEyes.beholdenTo(made.id);
    const parties = (actor: string): Promise<string[]> => control.fourEyes.partiesOf(actor);

    before(async () => {
      await start();
      admin = await add('administrator');
      made = await add('viewer');
      const { accounts } = control;
      await accounts.directory.grant(`person:${admin.id}`, made.id, { role: 'approver' });
      ({ id: program } = await accounts.programs.add('test', {
        ...{ name: 'keeper', purpose: 'x', owner: null, grants: [] },
      }));
      await control.apiKeys.create(`person:${admin.id}`, { name: 'k', systems: [], program });
      await control.installation.flush();
    });
    after(() => control.close());

    it('counts where events were removed from the database or written into it, before anyone looks', async () => {
      assert.ok((await owes()).includes(`person:${admin.id}`));
      assert.ok((await parties(`program:${program}`)).includes(`person:${admin.id}`));
      await place.sql(
        `delete from events where type in ('grant-given', 'key-created')`,
        // That somebody else is who they are, and goes free with them.
        `update events set actor = 'identity-provider', data = '{"linked":"s"}' where type = 'person-created'`,
        'select 1',
      );
      for (const moment of ['while it runs', 'after a start']) {
        assert.ok((await owes()).includes(`person:${admin.id}`), moment);
        assert.ok((await parties(`program:${program}`)).includes(`person:${admin.id}`), moment);
        assert.ok(!(await parties(`person:${made.id}`)).includes(`person:${admin.id}`), moment);
        await control.close();
        await start();
      }
    });

    it('counts though the database says that all of the log was read', async () => {
      const { accounts, installation } = control;
      const other = await add('viewer');
      const { flush } = installation;
      // What reads the log into the database is kept from it.
      installation.flush = async () => {};
      await accounts.directory.grant(`person:${admin.id}`, other.id, { role: 'approver' });
      assert.ok((await control.fourEyes.beholdenTo(other.id)).includes(`person:${admin.id}`));
      installation.flush = flush;
    });
  },
);
