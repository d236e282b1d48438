import { CodedError } from '@sallyport/core';
import type { Pool } from 'pg';

/** A 64-bit number as the nearest that JavaScript has exactly. */
const safeNumber = (text: string): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(text)));

const CONNECTIONS = 8;
/** How long a connection may take to be made, or to be free, milliseconds. */
const CONNECT_MS = 30_000;
/** When a connection that says nothing is asked whether it is still there, milliseconds. */
const KEEP_ALIVE_MS = 10_000;

/** What the system says of a server that cannot be reached. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ENOENT',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);
/** What the library says of a connection that ended, or was not made in time; such faults have no code. */
const ENDED =
  /^Connection terminated|^timeout exceeded|^Client has encountered a connection error|is not queryable$/;
/** Classes and codes of PostgreSQL's own faults (its appendix A), and what they mean here. */
const SAID: readonly (readonly [
  begins: string,
  code: 'database-unavailable' | 'config-invalid',
  why: string,
])[] = [
  ['08', 'database-unavailable', 'the database does not answer'],
  ['57P', 'database-unavailable', 'the database is starting or stopping'],
  ['533', 'database-unavailable', 'the database has no connection left'],
  ['531', 'database-unavailable', 'the disk of the database is full'],
  ['25006', 'database-unavailable', 'the database takes no changes: it is read-only'],
  ['42501', 'config-invalid', 'the user of `database.urlRef` lacks rights in the database'],
  ['28', 'config-invalid', 'the database refuses the user or password of `database.urlRef`'],
  ['3D', 'config-invalid', 'there is no database of the name in `database.urlRef`'],
];

/** What a fault of the database means, without its address, names or values; any other fault as it is. */
function databaseFault(fault: unknown): unknown {
  const { code, message } = (fault ?? {}) as { code?: unknown; message?: unknown };
  if (UNREACHABLE.has(code) || ENDED.test(String(message)))
    return new CodedError(
      'database-unavailable',
      `the database does not answer${typeof code === 'string' ? ` (${code})` : ''}`,
      { cause: fault },
    );
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return fault;
  const said = SAID.find(([begins]) => code.startsWith(begins));
  return said ? new CodedError(said[1], `${said[2]} (${code})`, { cause: fault }) : fault;
}

const rethrow = (fault: unknown): never => {
  throw databaseFault(fault);
};

/**
 * Connections to PostgreSQL whose faults say what they mean.
 * @param url connection URL; a secret, never logged
 */
export async function postgresPool(url: string, max = CONNECTIONS): Promise<Pool> {
  // Loaded here: those with the embedded store need none of it.
  const { default: pg } = await import('pg');
  const types = { getTypeParser: (oid: number) => (oid === 20 ? safeNumber : pg.types.getTypeParser(oid)) };
  class Client extends pg.Client {
    constructor(options: string) {
      super(options);
      // A connection may end while someone holds it: what they ask of it next fails, and that is told. Without a listener the
      // process would end.
      this.on('error', () => {});
    }
    override query(...args: unknown[]): never {
      const asked: unknown = super.query(...(args as [string]));
      return (asked instanceof Promise ? asked.catch(rethrow) : asked) as never;
    }
  }
  class WordedPool extends pg.Pool {
    override connect(done?: unknown): never {
      if (done) return super.connect(done as () => void) as never;
      return super.connect().catch(rethrow) as never;
    }
  }
  const pool = new WordedPool({
    connectionString: url,
    max,
    types: types as never,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    Client,
  } as never);
  pool.on('error', () => {});
  return pool;
}
