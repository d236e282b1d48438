import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@sallyport/attacks';
import { formatVerifierKey, parseVerifierKey, witnessKeys } from '@sallyport/ledger';
import { signingKey } from '@sallyport/vault';
import { cosignedCheckpoint } from '../../src/cosigned-checkpoint.ts';
import { enforced, fakeSystem, testServer } from '../harness.ts';
import type { Boundary } from './boundary.ts';
import { mutateBytes } from './mutate.ts';
import { answersCalls, peer } from './peers.ts';

const NAME = 'witness.example';
/** Bytes of a time and an Ed25519 signature, as a cosignature has them. */
const COSIGNATURE_BYTES = 72;
const STATUSES = [200, 200, 200, 409, 422, 403, 500];
const SIZES = ['0\n', '-1\n', '1e9\n', '9007199254740993\n', '\n', '9'.repeat(400)];

/** Lines under the witness's own name and the number of its key, which it never signed. */
function forged(keyIds: readonly Uint8Array[], random: Random): string {
  return keyIds
    .map((id) => {
      const signed = Buffer.from(Array.from({ length: COSIGNATURE_BYTES }, () => random.below(256)));
      const bytes = Buffer.concat([id, signed]);
      return `— ${NAME} ${bytes.toString('base64')}\n`;
    })
    .join('');
}

/** What witnesses answer to a checkpoint: nothing that they did not sign is kept, or counts. */
export async function witnessAnswers(): Promise<Boundary> {
  const [fake, witness] = [await fakeSystem(), await peer()];
  const keys = witnessKeys({ name: NAME, ...signingKey(Buffer.alloc(64, 7)) }).map(formatVerifierKey);
  const keyIds = keys.map((key) => parseVerifierKey(key).keyId);
  const own = await testServer({
    systems: { main: enforced(fake) },
    config: {
      record: {
        witnesses: [{ url: witness.url, keys: [keys[0]!], allowPrivate: true }],
        quorum: 1,
        everySeconds: 3_600,
      },
    },
  });
  const api = await own.key(['main']);
  const kept = join(own.control.installation.ledger.folder, 'checkpoint.cosigned');
  return {
    name: 'answers of witnesses',
    deadlineMs: 15_000,
    send: async (random) => {
      const line = forged(keyIds, random);
      const body = random.chance(0.5)
        ? line
        : mutateBytes(Buffer.from(line.repeat(1 + random.below(60))), random);
      witness.answer = (_path, _body, res) => {
        res.writeHead(random.pick(STATUSES), {
          'content-type': random.pick(['text/plain', 'text/x.tlog.size']),
        });
        res.end(random.chance(0.3) ? random.pick(SIZES) : body);
      };
      await own.chat(api, 'one more entry').then((response) => response.text());
      await own.control.witnesses.cosign().catch(() => undefined);
      assert.equal(cosignedCheckpoint(own.control), null, 'no forged line makes a cosigned checkpoint');
      if (existsSync(kept)) assert.ok(!readFileSync(kept, 'utf8').includes(NAME), 'and none is kept');
      for (const { size, fault } of own.control.witnesses.states()) {
        assert.equal(size, null, 'it counts as having cosigned nothing');
        assert.ok(fault !== null && fault.length < 2_000, 'and why is said');
      }
    },
    honest: () => answersCalls(own, api),
    close: async () => {
      await own.stop();
      witness.close();
      await fake.close();
    },
  };
}
