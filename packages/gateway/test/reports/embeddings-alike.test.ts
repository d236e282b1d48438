import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  enforced,
  type FakeSystem,
  fakeSystem,
  sendJson,
  type TestServer,
  testServer,
} from '../../../server/test/harness.ts';

// Documents about two people were found as one: numbered placeholders made their texts the same words. Seen here, in no public report.
describe('values in texts that become vectors', () => {
  let server: TestServer;
  let fake: FakeSystem;
  let key: string;
  const input = ['Mail jo@mail.example about it', 'Mail al@mail.example about it'];
  before(async () => {
    fake = await fakeSystem();
    server = await testServer({
      systems: {
        alike: enforced(fake),
        masks: enforced(fake, { privacy: { redact: 'mask' } }),
        denies: enforced(fake, { privacy: { embeddings: 'deny' } }),
        passes: enforced(fake, { privacy: { embeddings: 'pass' } }),
      },
    });
    key = await server.key(['alike', 'masks', 'denies', 'passes']);
    fake.answer = (_req, res) =>
      sendJson(
        res,
        JSON.stringify({
          object: 'list',
          model: 'm',
          data: input.map((_, index) => ({ object: 'embedding', index, embedding: [0.5] })),
          usage: { prompt_tokens: 1, total_tokens: 1 },
        }),
      );
  });
  after(async () => {
    await server.stop();
    await fake.close();
  });
  const embed = async (system: string): Promise<{ status: number; sent: string[] | null }> => {
    const before = fake.requests.length;
    const response = await server.post(`/s/${system}/v1/embeddings`, key, { model: 'm', input });
    await response.text();
    const sent = fake.requests[before];
    return { status: response.status, sent: sent ? JSON.parse(sent.body.toString()).input : null };
  };

  for (const system of ['alike', 'masks'])
    it(`get pseudonyms, the same in every call: ${system}`, async () => {
      const { status, sent } = await embed(system);
      assert.equal(status, 200);
      assert.match(`${sent}`, /^Mail \[EMAIL_[a-z2-7]{8}\] about it,Mail \[EMAIL_[a-z2-7]{8}\] about it$/);
      assert.notEqual(sent![0], sent![1]);
      assert.deepEqual((await embed(system)).sent, sent);
    });

  it('are denied, or pass and are noted, where the operator says so', async () => {
    assert.deepEqual(await embed('denies'), { status: 403, sent: null });
    assert.deepEqual(await embed('passes'), { status: 200, sent: input });
    const [call] = await server.control.exchanges({ limit: 1 });
    assert.match(call!.detections, /"technique":"email"/);
  });
});
