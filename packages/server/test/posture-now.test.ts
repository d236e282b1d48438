import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlResult } from '@sallyport/core';
import { PostureNow } from '../src/posture-now.ts';
import { testServer } from './harness.ts';
import { signedIn, type TestPerson } from './people.ts';

/** What a reader of posture may wait, milliseconds. */
const ANSWER_MS = 3_000;

interface Answered {
  readonly ms: number;
  readonly probing: boolean;
  readonly controls: readonly ControlResult[];
}

async function asked(person: TestPerson): Promise<Answered> {
  const startMs = performance.now();
  const response = await person.call('GET', '/api/v1/posture');
  const answer = (await response.json()) as Omit<Answered, 'ms'>;
  return { ms: performance.now() - startMs, ...answer };
}

const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1]!;

describe('posture for someone who does not wait', () => {
  it('waits for no probe, on an empty installation and on a warm one, and has what they found later', async (t) => {
    const server = await testServer();
    t.after(() => server.stop());
    const person = await signedIn(server, [{ role: 'administrator' }]);
    const { probeIfOlder } = server.control;
    let letGo = (): void => {};
    const held = new Promise<void>((done) => {
      letGo = done;
    });
    server.control.probeIfOlder = async (ageMs) => {
      await held;
      return probeIfOlder.call(server.control, ageMs);
    };
    const first = await asked(person);
    assert.ok(first.ms < ANSWER_MS, `the first answer took ${first.ms} ms`);
    assert.equal(first.probing, true);
    assert.ok(first.controls.some(({ status }) => status === 'not assessed'));
    letGo();
    const during: Answered[] = [];
    const isDone = (): boolean =>
      during.at(-1)?.probing === false &&
      during.at(-1)!.controls.some(({ id, evidence }) => id === 'CMP-03' && /entr/.test(evidence.join()));
    for (let at = 0; at < 600 && !isDone(); at++) {
      during.push(await asked(person));
      await delay(50);
    }
    const times = during.map(({ ms }) => ms);
    assert.ok(median(times) < ANSWER_MS, `answers beside probes took ${times.map(Math.round)} ms`);
    const last = during.at(-1)!;
    assert.equal(last.probing, false);
    const record = last.controls.find(({ id }) => id === 'CMP-03')!;
    assert.match(record.evidence.join(), /entr/, 'probes ran meanwhile');
    const warm = [await asked(person), await asked(person), await asked(person)].map(({ ms }) => ms);
    assert.ok(Math.min(...warm) < ANSWER_MS, `warm answers took ${warm.map(Math.round)} ms`);
  });

  it('answers as it was where what is counted takes long', async () => {
    let takesMs = 0;
    let version = 0;
    const posture = new PostureNow({
      compute: async () => {
        const id = `v${++version}`;
        await delay(takesMs);
        return [{ id } as ControlResult];
      },
      isDue: async () => false,
      probe: async () => {},
    });
    assert.equal((await posture.answer()).controls[0]!.id, 'v1');
    takesMs = 2_000;
    const startMs = performance.now();
    assert.equal((await posture.answer()).controls[0]!.id, 'v1');
    assert.equal((await posture.answer()).controls[0]!.id, 'v1');
    assert.ok(performance.now() - startMs < 1_000);
    assert.equal(version, 2, 'it is counted once for all who ask meanwhile');
    await delay(2_000);
    takesMs = 0;
    assert.equal((await posture.answer()).controls[0]!.id, 'v3');
  });
});
