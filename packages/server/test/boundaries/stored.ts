import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '@sallyport/attacks';
import { CodedError } from '@sallyport/core';
import { Ledger, verifyLedger } from '@sallyport/ledger';
import {
  decryptAge,
  encryptAge,
  newIdentity,
  parseIdentity,
  parseRecipient,
  signingKey,
} from '@sallyport/vault';
import type { Boundary } from './boundary.ts';
import { mutateBytes } from './mutate.ts';

/** Entries of the log that is broken: two bundles, the second of them begun. */
const ENTRIES = 300;

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return Buffer.concat(read);
}

/** A backup as it lies somewhere: nothing but what was put in comes out of it. */
export async function storedBackups(): Promise<Boundary> {
  const { identity, recipient } = newIdentity();
  const plain = Buffer.from('state of an installation '.repeat(4_000));
  const file = await all(encryptAge([parseRecipient(recipient)], [plain]));
  const read = (bytes: Uint8Array): Promise<Buffer> => all(decryptAge([parseIdentity(identity)], [bytes]));
  return {
    name: 'stored backups',
    deadlineMs: 10_000,
    send: async (random) => {
      const broken = mutateBytes(file, random);
      try {
        assert.deepEqual(await read(broken), plain, 'what is read is what was put in');
      } catch (fault) {
        assert.ok(fault instanceof CodedError, String(fault));
      }
    },
    honest: async () => assert.deepEqual(await read(file), plain),
    close: async () => {},
  };
}

/** Files of a log that lies still: whatever is changed in them is found, or changes nothing. */
export async function storedLog(): Promise<Boundary> {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-stored-'));
  const [whole, broken] = [join(root, 'whole'), join(root, 'broken')];
  const ledger = await Ledger.open({
    folder: whole,
    signer: { name: 'log.example', ...signingKey(Buffer.alloc(64, 5)) },
  });
  const entries = Array.from({ length: ENTRIES }, (_, n) => ({
    leaf: Buffer.from(`{"entry":${n}}`),
    payload: null,
  }));
  await ledger.append(entries);
  await ledger.close();
  const keys = [ledger.verifierKey, ledger.quantumSafeVerifierKey];
  const names = filesUnder(whole);
  cpSync(whole, broken, { recursive: true });
  const leaves = async (folder: string): Promise<{ ok: boolean; seen: string[] }> => {
    const seen: string[] = [];
    const { ok } = await verifyLedger(folder, keys, [], () => {}, {
      begin: () => {
        seen.length = 0;
      },
      entry: (index, leaf) => {
        seen[index] = leaf.toString();
      },
    });
    return { ok, seen };
  };
  const honest = await leaves(whole);
  const put = (name: string, random: Random): void => {
    const bytes = readFileSync(join(whole, name));
    writeFileSync(join(broken, name), mutateBytes(bytes, random));
  };
  return {
    name: 'files of a log',
    deadlineMs: 20_000,
    send: async (random) => {
      const name = random.pick(names);
      put(name, random);
      try {
        const { ok, seen } = await leaves(broken);
        if (ok) assert.deepEqual(seen, honest.seen, `${name} says something else`);
      } catch (fault) {
        assert.ok(fault instanceof CodedError, String(fault));
      } finally {
        cpSync(join(whole, name), join(broken, name));
      }
    },
    honest: async () => {
      assert.deepEqual(await leaves(broken), honest);
      assert.ok(honest.ok);
    },
    close: async () => rmSync(root, { recursive: true, force: true }),
  };
}
