import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clock } from '@sallyport/core';
import { type TestServer, testServer } from './harness.ts';
import { addPasskey, browserOf, ok, PASSWORD, signedIn, type TestPerson } from './people.ts';

const codeOf = async (response: Response): Promise<string> => {
  const text = await response.text();
  return response.status < 400 ? 'done' : (JSON.parse(text) as { error: { code: string } }).error.code;
};
const VOID = 'setup-link-invalid';

describe('what lets into an account asks its maker again when it is used', () => {
  let server: TestServer;
  let root: TestPerson;
  before(async () => {
    server = await testServer();
    root = await signedIn(server, [{ role: 'administrator' }]);
  });
  after(() => server.stop());

  const linkOf = async (by: TestPerson, id: string): Promise<string> => {
    const { link } = await ok<{ link: string }>(await by.call('POST', `/api/v1/people/${id}/link`), 201);
    return link;
  };
  const opened = async (link: string): Promise<string> => {
    const token = new URLSearchParams(new URL(link, 'http://x').hash.slice(1)).get('token');
    return codeOf(await browserOf(server).call('POST', '/api/v1/setup', { token, password: PASSWORD }));
  };
  const grantOf = async (id: string): Promise<string> => {
    const { people } = await ok<{ people: { id: string; grants: { id: string }[] }[] }>(
      await root.call('GET', '/api/v1/people'),
      200,
    );
    return people.find((one) => one.id === id)!.grants[0]!.id;
  };

  it('links of one who was shut out, or whose role was taken away, are void', async () => {
    const victim = await signedIn(server, [{ role: 'administrator' }]);
    for (const [what, end] of [
      ['disabled', async (id: string) => root.call('POST', `/api/v1/people/${id}/disable`)],
      [
        'disabled and enabled',
        async (id: string) => {
          await root.call('POST', `/api/v1/people/${id}/disable`);
          return root.call('POST', `/api/v1/people/${id}/enable`);
        },
      ],
      [
        'without the role',
        async (id: string) => root.call('DELETE', `/api/v1/people/${id}/grants/${await grantOf(id)}`),
      ],
    ] as const) {
      const maker = await signedIn(server, [{ role: 'administrator' }]);
      const made = await ok<{ link: string }>(
        await maker.call('POST', '/api/v1/people', { name: `of-${maker.name}`, grants: [] }),
        201,
      );
      const link = await linkOf(maker, victim.id);
      assert.ok((await end(maker.id)).status < 300);
      assert.equal(await opened(link), VOID, what);
      assert.equal(await opened(made.link), VOID, `${what}: an account that they added`);
    }
    assert.equal(await opened(await linkOf(root, victim.id)), 'done', 'an administrator who is there');
  });

  it('a link for somebody is void once they change a password or factor, or were shut out', async () => {
    for (const what of ['password', 'passkey', 'disabled', 'another link']) {
      const somebody = await signedIn(server, [{ role: 'viewer' }], false);
      const link = await linkOf(root, somebody.id);
      if (what === 'password')
        await ok(
          await somebody.call('POST', '/api/v1/account/password', {
            current: PASSWORD,
            password: `${PASSWORD} and more`,
          }),
          204,
        );
      if (what === 'passkey') await addPasskey(server, somebody);
      if (what === 'another link') await linkOf(root, somebody.id);
      if (what === 'disabled')
        for (const word of ['disable', 'enable'])
          await ok(await root.call('POST', `/api/v1/people/${somebody.id}/${word}`), 200);
      assert.equal(await opened(link), VOID, what);
    }
  });

  it('a role that ends lets no one into an account that outlasts it, and its links end with it', async (t) => {
    const victim = await signedIn(server, [{ role: 'administrator' }]);
    const idle = await signedIn(server, [{ role: 'viewer' }]);
    const soon = new Date(Date.now() + 600_000).toISOString();
    const passing = await signedIn(server, [{ role: 'administrator', expiresAt: soon }]);
    const link = `/api/v1/people/${victim.id}/link`;
    assert.equal(await codeOf(await passing.call('POST', link)), 'not-permitted');
    const made = await ok<{ link: string; expiresAt: string }>(
      await passing.call('POST', `/api/v1/people/${idle.id}/link`),
      201,
    );
    assert.equal(made.expiresAt, soon);
    t.mock.method(clock, 'nowMs', () => Date.parse(soon) + 1_000);
    assert.equal(await opened(made.link), VOID);
  });

  it('a role that ends sets up no program that gives roles which do not', async () => {
    const expiresAt = new Date(Date.now() + 600_000).toISOString();
    const passing = await signedIn(server, [{ role: 'administrator', expiresAt }]);
    const programs = '/api/v1/programs';
    const asked = (name: string, role: string) => ({ name, purpose: 'x', grants: [{ role }] });
    const refused = async (path: string, body: object): Promise<void> =>
      assert.equal(await codeOf(await passing.call('POST', path, body)), 'not-permitted', path);
    await refused(programs, asked('keeps-people', 'provisioner'));
    const { id: own } = await ok<{ id: string }>(
      await passing.call('POST', programs, asked('reads', 'viewer')),
      201,
    );
    await refused(`${programs}/${own}/grants`, { role: 'provisioner' });
    await ok(await passing.call('POST', `${programs}/${own}/keys`, {}), 201);
    // Nor does it take over one that is there.
    const { id } = await ok<{ id: string }>(
      await root.call('POST', programs, asked('directory', 'provisioner')),
      201,
    );
    const made = await ok<{ id: string }>(await root.call('POST', `${programs}/${id}/keys`, {}), 201);
    await refused(`${programs}/${id}/keys`, {});
    await refused(`/api/v1/keys/${made.id}/rotate`, {});
  });

  it('who was shut out is let in again neither in an emergency nor, for longer, by a role that ends', async () => {
    const shut = async (role: string): Promise<string> => {
      const { id } = await signedIn(server, [{ role }]);
      await ok(await root.call('POST', `/api/v1/people/${id}/disable`), 200);
      return `people/${id}`;
    };
    const program = async (role: string): Promise<string> => {
      const asked = { name: `shut-${role}`, purpose: 'x', grants: [{ role }] };
      const { id } = await ok<{ id: string }>(await root.call('POST', '/api/v1/programs', asked), 201);
      await ok(await root.call('POST', `/api/v1/programs/${id}/disable`), 200);
      return `programs/${id}`;
    };
    const shutOut = [
      ...(await Promise.all(['administrator', 'approver', 'operator'].map(shut))),
      ...(await Promise.all(['provisioner', 'operator'].map(program))),
    ];
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const reason = 'the only administrator cannot be reached and calls fail';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 1 }), 201);
    for (const one of shutOut)
      assert.equal(await codeOf(await responder.call('POST', `/api/v1/${one}/enable`)), 'not-permitted', one);
    const expiresAt = new Date(Date.now() + 600_000).toISOString();
    const passing = await signedIn(server, [{ role: 'administrator', expiresAt }]);
    for (const [i, one] of shutOut.entries()) {
      const wanted = [0, 1, 3].includes(i) ? 'not-permitted' : 'done';
      assert.equal(await codeOf(await passing.call('POST', `/api/v1/${one}/enable`)), wanted, one);
    }
    for (const one of shutOut)
      assert.equal(await codeOf(await root.call('POST', `/api/v1/${one}/enable`)), 'done', one);
  });

  it('emergency access lets no one into an account that was there before', async () => {
    const people = await Promise.all(
      ['viewer', 'operator', 'auditor'].map((role) => signedIn(server, [{ role }], false)),
    );
    const responder = await signedIn(server, [{ role: 'responder' }]);
    const reason = 'the only administrator cannot be reached and calls fail';
    await ok(await responder.call('POST', '/api/v1/break-glass', { reason, minutes: 1 }), 201);
    for (const { id } of people)
      for (const [path, body] of [
        ['link', {}],
        ['provider', { subject: 'me', issuer: 'https://idp.example' }],
      ] as const)
        assert.equal(
          await codeOf(await responder.call('POST', `/api/v1/people/${id}/${path}`, body)),
          'not-permitted',
          path,
        );
    const made = await ok<{ link: string }>(
      await responder.call('POST', '/api/v1/people', { name: 'urgent', grants: [{ role: 'operator' }] }),
      201,
    );
    assert.equal(await opened(made.link), 'done', 'one that ends with the emergency');
  });

  it('a link to a provider is void where its maker is out before its first sign-on', async () => {
    const signOn = (externalId: string): Promise<string> =>
      server.control.accounts.directory
        .fromProvider({ externalId, scimId: null, names: [], grants: [{ role: 'viewer' }] })
        .then(
          () => 'done',
          (fault: { code: string }) => fault.code,
        );
    const issuer = 'https://idp.example';
    for (const kept of [true, false]) {
      const maker = await signedIn(server, [{ role: 'administrator' }]);
      const victim = await signedIn(server, [{ role: 'administrator' }]);
      const subject = `subject of ${victim.name}`;
      await ok(await maker.call('POST', `/api/v1/people/${victim.id}/provider`, { subject, issuer }), 200);
      if (kept) assert.equal(await signOn(`${issuer}|${subject}`), 'done');
      await ok(await root.call('POST', `/api/v1/people/${maker.id}/disable`), 200);
      assert.equal(await signOn(`${issuer}|${subject}`), kept ? 'done' : 'not-permitted');
      await ok(await root.call('POST', `/api/v1/people/${victim.id}/provider`, { subject, issuer }), 200);
      assert.equal(await signOn(`${issuer}|${subject}`), 'done', 'linked again by one who may');
    }
  });
});
