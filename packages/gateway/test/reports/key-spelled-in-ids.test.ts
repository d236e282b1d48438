import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { served } from '../../../server/test/harness.ts';

/* A key of which each event has a character or two, in a field that no model writes (a breaker's find). */
const TOKEN = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
const chunk = (more: object, delta: object = { content: 'a ' }): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta }], ...more })}\n\n`;
const FIELDS: Readonly<Record<string, (piece: string, n: number) => string>> = {
  id: (id) => chunk({ id }),
  model: (model) => chunk({ model }),
  fingerprint: (piece) => chunk({ system_fingerprint: piece }),
  'id of a call': (id, index) =>
    chunk({}, { tool_calls: [{ index, id, type: 'function', function: { name: 'f', arguments: '{}' } }] }),
};

describe('a key that is spelled in ids', () => {
  const on = served();
  const ask = async (frames: readonly string[]): Promise<string> => {
    on.fake.answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const frame of frames) res.write(frame);
      res.end('data: [DONE]\n\n');
    };
    const messages = [{ role: 'user', content: 'hi' }];
    const body = { model: 'm', messages, stream: true };
    return (await on.server.post('/s/main/v1/chat/completions', on.key, body)).text();
  };

  for (const [field, frame] of Object.entries(FIELDS))
    for (const size of [1, 2, 4])
      it(`does not go out whole: ${field}, ${size} at a time`, async () => {
        const pieces = TOKEN.match(new RegExp(`.{1,${size}}`, 'g'))!;
        const sent = await ask(pieces.map(frame));
        assert.match(sent, /output-denied/);
        const last = frame(pieces.at(-1)!, pieces.length - 1).slice(6, -2);
        assert.ok(!sent.includes(last), 'the last of it stays');
      });

  it('is no reason to refuse short ids that say nothing', async () => {
    const frames = Array.from({ length: 60 }, (_, n) => chunk({ id: String(n % 20), model: 'm' }));
    const sent = await ask(frames);
    assert.equal(sent.match(/"content":"a "/g)?.length, 60);
    assert.match(sent, /\[DONE\]/);
  });
});
