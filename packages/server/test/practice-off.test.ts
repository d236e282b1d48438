import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ControlResult, DETECTORS } from '@sallyport/core';
import { completion, enforced, fakeSystem, sendJson, testServer } from './harness.ts';

const ALLOW = Object.fromEntries(DETECTORS.map((name) => [name, 'allow']));

it('no control about what the gate does lights while every action there is `allow`', async () => {
  const fake = await fakeSystem();
  fake.answer = (_req, res) => sendJson(res, completion('hello'));
  const controls = async (over: object): Promise<ReadonlyMap<string, ControlResult>> => {
    const server = await testServer({ systems: { main: enforced(fake, over as never) } });
    try {
      const key = await server.key(['main']);
      for (let n = 0; n < 3; n++) {
        const body = {
          model: 'm',
          messages: [{ role: 'user', content: `write to jane.doe${n}@mail.example` }],
        };
        const answer = await server.post('/s/main/v1/chat/completions', key, body);
        assert.equal(answer.status, 200);
        await answer.text();
      }
      return await server.controls();
    } finally {
      await server.stop();
    }
  };
  try {
    const on = await controls({});
    for (const id of ['IO-01', 'IO-03', 'DAT-06']) assert.equal(on.get(id)!.status, 'effective', id);
    const off = await controls({ policy: { input: ALLOW, output: ALLOW } });
    for (const id of ['IO-01', 'IO-03', 'DAT-06']) assert.equal(off.get(id)!.status, 'failing', id);
    assert.match(
      off.get('IO-01')!.evidence.join(),
      /a known attack is let pass to `main`: see `policy.input`/,
    );
    const vectors = await controls({ privacy: { embeddings: 'pass' } });
    assert.equal(vectors.get('DAT-06')!.status, 'failing', 'personal data goes on in texts for vectors');
    const answers = await controls({ policy: { output: { rule: 'allow' } } });
    assert.equal(answers.get('IO-03')!.status, 'failing', 'a rule denies nothing in answers');
    const observed = await controls({ mode: 'observe' });
    assert.equal(observed.get('IO-01')!.status, 'effective', 'what is seen is told');
    for (const id of ['IO-03', 'DAT-06']) assert.equal(observed.get(id)!.status, 'partial', id);
  } finally {
    await fake.close();
  }
});
