import { SoftwarePasskey } from '../../access/test/software-passkey.ts';
import type { TestServer } from './harness.ts';

/** A password for people in tests. */
export const PASSWORD = 'correct horse battery staple';

/** Somebody who is signed in to the control plane of a test. */
export interface TestPerson {
  readonly id: string;
  readonly name: string;
  readonly passkey: SoftwarePasskey | null;
  /** Asks the control plane, as their browser does. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** The cookies of their browser. */
  cookie(): string;
}

/** Keeps cookies as a browser does, and sends them. */
export function browserOf(server: Pick<TestServer, 'controlUrl'>): Pick<TestPerson, 'call' | 'cookie'> {
  const jar = new Map<string, string>();
  const cookie = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    cookie,
    call: async (method, path, body) => {
      const response = await fetch(`${server.controlUrl}${path}`, {
        method,
        redirect: 'manual',
        headers: { cookie: cookie(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
      });
      for (const line of response.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0]!.split('=') as [string, string];
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
      return response;
    },
  };
}

/** The answer, when it is what was expected. */
export async function ok<T>(response: Response, status: number): Promise<T> {
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`${response.status} instead of ${status}: ${text.slice(0, 300)}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

interface Request {
  readonly ticket: string;
  readonly options: { readonly challenge: string };
}

/** Adds a passkey to whoever is signed in. */
export async function addPasskey(
  server: Pick<TestServer, 'controlUrl'>,
  { call }: Pick<TestPerson, 'call'>,
): Promise<SoftwarePasskey> {
  const passkey = new SoftwarePasskey(server.controlUrl);
  const { ticket, options } = await ok<Request>(await call('POST', '/api/v1/account/passkey-creation'), 200);
  await ok(
    await call('POST', '/api/v1/account/passkeys', {
      ticket,
      name: 'test',
      passkey: passkey.create(options),
    }),
    201,
  );
  return passkey;
}

let people = 0;

/** Adds somebody with roles, who signs in over HTTP. @param passkey whether they have one: their session is of level 3 then */
export async function signedIn(
  server: TestServer,
  grants: readonly { role: string; system?: string; expiresAt?: string }[],
  passkey = true,
): Promise<TestPerson> {
  const name = `person-${people++}`;
  const { person, token } = await server.control.accounts.directory.add('test', { name, grants });
  const browser = browserOf(server);
  await ok(await browser.call('POST', '/api/v1/setup', { token, password: PASSWORD }), 201);
  return { id: person.id, name, ...browser, passkey: passkey ? await addPasskey(server, browser) : null };
}
