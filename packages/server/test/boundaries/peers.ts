import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { enforced, fakeSystem, type TestServer, testServer } from '../harness.ts';
import type { Boundary } from './boundary.ts';
import { mutateBytes, mutateDocument, mutateJson } from './mutate.ts';

/** A program on the other side of a boundary. */
interface Peer {
  readonly url: string;
  answer: (path: string, body: string, res: ServerResponse) => void | Promise<void>;
  close(): void;
}

/** One that answers as it is told. */
export async function peer(): Promise<Peer> {
  const server = createServer(async (req, res) => {
    const pieces: Buffer[] = [];
    for await (const piece of req) pieces.push(piece as Buffer);
    await own.answer(req.url!, Buffer.concat(pieces).toString(), res);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  const own: Peer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (_path, _body, res) => void res.end(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return own;
}

/** @throws AssertionError unless calls go through and the server says that it is ready */
export async function answersCalls(server: TestServer, key: string): Promise<void> {
  const response = await server.chat(key, 'hello');
  assert.equal(response.status, 200, await response.text());
  assert.equal((await fetch(`${server.controlUrl}/readyz`)).status, 200);
}

/** What an identity provider sends by SCIM. */
export async function scimBodies(): Promise<Boundary> {
  const fake = await fakeSystem();
  const server = await testServer({
    systems: { chat: enforced(fake) },
    config: { access: { groupRoles: { operators: ['operator@chat'] } } },
  });
  const { id } = await server.control.accounts.programs.add('test', {
    name: 'idp',
    purpose: 'keeps people',
    owner: null,
    grants: [{ role: 'provisioner' }],
  });
  const key = (await server.control.apiKeys.create('test', { name: 'idp', systems: [], program: id })).key;
  const api = await server.key(['chat']);
  const scim = (method: string, path: string, body?: Buffer): Promise<Response> =>
    fetch(`${server.controlUrl}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/scim+json' },
      body: (body ?? null) as BodyInit | null,
    });
  const user = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'ann',
    displayName: 'Ann',
    active: true,
    emails: [{ value: 'ann@mail.example', primary: true }],
    externalId: 'e1',
  };
  const patch = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [
      { op: 'replace', path: 'active', value: false },
      { op: 'add', path: 'emails[type eq "work"].value', value: 'x@mail.example' },
      { op: 'Replace', value: { displayName: 'A', active: 'True' } },
    ],
  };
  const group = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'operators',
    members: [],
  };
  const made = (await (
    await scim('POST', '/Users', Buffer.from(JSON.stringify({ ...user, userName: 'fixed' })))
  ).json()) as { id: string };
  return {
    name: 'SCIM',
    deadlineMs: 15_000,
    send: async (random) => {
      const filter = mutateBytes(
        Buffer.from('userName eq "ann" and (active eq true or emails[value sw "a"])'),
        random,
      ).toString();
      const [method, path, body] = random.pick([
        ['POST', '/Users', user],
        ['PUT', `/Users/${made.id}`, user],
        ['PATCH', `/Users/${made.id}`, patch],
        ['POST', '/Groups', group],
        [
          'GET',
          `/Users?filter=${encodeURIComponent(filter)}&startIndex=${random.pick(['1', '0', '-1', '1e9', 'x'])}&count=${random.pick(['1', '0', '-5', '1e99'])}`,
          null,
        ],
        ['GET', `/Groups?filter=${encodeURIComponent(filter)}`, null],
      ] as const);
      const response = await scim(method, path, body === null ? undefined : mutateDocument(body, random));
      const text = await response.text();
      assert.ok(response.status < 500, `${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
    },
    honest: () => answersCalls(server, api),
    close: async () => {
      await server.stop();
      await fake.close();
    },
  };
}

/** What an identity provider answers at sign-on: its description, keys and tokens. */
export async function providerAnswers(): Promise<Boundary> {
  const [fake, provider] = [await fakeSystem(), await peer()];
  const pair = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const description = {
    issuer: provider.url,
    authorization_endpoint: `${provider.url}/auth`,
    token_endpoint: `${provider.url}/token`,
    jwks_uri: `${provider.url}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
  const json = (res: ServerResponse, body: string | Buffer): void => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(body);
  };
  const plain: Peer['answer'] = (path, _body, res) =>
    json(res, JSON.stringify(path.startsWith('/jwks') ? { keys: [jwk] } : description));
  provider.answer = plain;
  process.env['BOUNDARY_SIGN_ON'] = 'a secret of the client, long enough';
  const server = await testServer({
    systems: { chat: enforced(fake) },
    config: {
      access: {
        signOn: {
          issuer: provider.url,
          clientId: 'sallyport',
          clientSecretRef: 'env:BOUNDARY_SIGN_ON',
          scopes: ['openid'],
          allowPrivate: true,
          label: 'Example',
          roles: { admins: ['administrator'] },
        },
      },
    },
  });
  const api = await server.key(['chat']);
  const known = (): Promise<number> => server.control.accounts.directory.list().then(({ length }) => length);
  return {
    name: 'answers of an identity provider',
    deadlineMs: 20_000,
    send: async (random) => {
      provider.answer = plain;
      const begun = await fetch(`${server.controlUrl}/sign-on`, { redirect: 'manual' });
      const target = begun.headers.get('location') ?? '';
      const cookie = begun.headers
        .getSetCookie()
        .map((line) => line.split(';')[0]!)
        .join('; ');
      const people = await known();
      const claims = {
        sub: 's1',
        preferred_username: 'eve',
        groups: ['strangers'],
        nonce: URL.canParse(target) ? new URL(target).searchParams.get('nonce') : 'n',
        email: 'eve@mail.example',
      };
      provider.answer = async (path, _body, res) => {
        if (path.startsWith('/jwks'))
          return json(
            res,
            random.chance(0.2) ? mutateDocument({ keys: [jwk] }, random) : JSON.stringify({ keys: [jwk] }),
          );
        if (!path.startsWith('/token'))
          return json(
            res,
            random.chance(0.3) ? mutateDocument(description, random) : JSON.stringify(description),
          );
        const token = await new SignJWT(JSON.parse(safe(claims, random)))
          .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
          .setIssuer(provider.url)
          .setAudience('sallyport')
          .setIssuedAt()
          .setExpirationTime('5m')
          .sign(pair.privateKey);
        const idToken = random.chance(0.3) ? mutateBytes(Buffer.from(token), random).toString() : token;
        json(
          res,
          mutateDocument(
            { access_token: 'a', token_type: 'bearer', expires_in: 60, id_token: idToken },
            random,
          ),
        );
      };
      const state = URL.canParse(target) ? (new URL(target).searchParams.get('state') ?? '') : '';
      const back = await fetch(
        `${server.controlUrl}/sign-on/callback?code=c&state=${state}&iss=${encodeURIComponent(provider.url)}`,
        { redirect: 'manual', headers: { cookie } },
      );
      assert.ok(back.status < 500, `${back.status} ${(await back.text()).slice(0, 200)}`);
      assert.equal(await known(), people, 'an account was made for a person whose groups have no role');
    },
    honest: () => answersCalls(server, api),
    close: async () => {
      await server.stop();
      provider.close();
      await fake.close();
    },
  };
}

/** Claims changed in their structure that are still an object. */
function safe(claims: object, random: Parameters<typeof mutateJson>[1]): string {
  try {
    const text = mutateJson(claims, random);
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? text
      : JSON.stringify(claims);
  } catch {
    return JSON.stringify(claims);
  }
}
