import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { completion, sendJson, served } from '../../../server/test/harness.ts';

/*
 * Masking changed bytes that only look like a key or a number: pictures that no provider could read
 * (diegosouzapw/OmniRoute#13462), and base64 in the output of tools (initializ/forge#283).
 */
const PNG = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  Buffer.from(`AIza${'Sy0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV'}`, 'base64'),
  Buffer.alloc(600, 7),
]).toString('base64');
/** An MP3 without a tag, and samples of sound, whose base64 holds what reads as an account or a card. */
const SOUND = `//uQ${'WB5Lv69vwHbtl8rAGI70YdVzn6R4111111111111111'.repeat(12)}AA==`.slice(0, 480);
const VECTOR = `${'WB5Lv69vwHbtl8rAGI70YdVzn6R'.repeat(8)}AAAA4242424242424242AAAA`.padEnd(256, 'A');
const DRAWN = createHash('sha512').update('a certificate').digest('base64url');
const TOOL = `apiVersion: v1
kind: ConfigMap
data:
  bundle: ${DRAWN}123-45-6789${DRAWN}${DRAWN}
`;

describe('bytes written as base64', () => {
  const on = served();
  const sent = (): unknown => JSON.parse(on.fake.requests.at(-1)!.body.toString());

  const parts: Record<string, unknown> = {
    'a picture': { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
    'sound without a tag': { type: 'input_audio', input_audio: { format: 'mp3', data: SOUND } },
    'samples of sound': { type: 'input_audio', input_audio: { format: 'pcm16', data: SOUND } },
    'a table as a file': {
      type: 'file',
      file: {
        filename: 'x.csv',
        file_data: `data:text/csv;base64,${Buffer.from('a,b\n1,2\n').toString('base64')}`,
      },
    },
  };
  for (const [name, part] of Object.entries(parts))
    for (const stream of [false, true])
      it(`${name} is sent as it came${stream ? ', streamed' : ''}`, async () => {
        const text = { type: 'text', text: 'What is this? Answer jo@mail.example' };
        const body = { model: 'm', stream, messages: [{ role: 'user', content: [text, part] }] };
        on.fake.answer = (_req, res) => sendJson(res, completion('a cat'));
        const response = await on.server.post('/v1/chat/completions', on.key, body);
        assert.equal(response.status, 200, await response.text());
        const [told, same] = (sent() as typeof body).messages[0]!.content as [typeof text, unknown];
        assert.match(told.text, /\[EMAIL_/, 'text beside it is masked');
        assert.deepEqual(same, part);
      });

  it('the output of a tool is sent as it came', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'kubectl', arguments: '{}' } };
    const messages = [
      { role: 'user', content: 'compare the certificates' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: TOOL },
    ];
    on.fake.answer = (_req, res) => sendJson(res, completion('the same'));
    const response = await on.server.post('/v1/chat/completions', on.key, { model: 'm', messages });
    assert.equal(response.status, 200, await response.text());
    assert.deepEqual((sent() as { messages: unknown }).messages, messages);
  });

  it('vectors come back as they were sent', async () => {
    const data = [{ object: 'embedding', index: 0, embedding: VECTOR }];
    const answer = { object: 'list', model: 'm', data, usage: { prompt_tokens: 1, total_tokens: 1 } };
    on.fake.answer = (_req, res) => sendJson(res, JSON.stringify(answer));
    const body = { model: 'm', input: 'delivery times', encoding_format: 'base64' };
    const response = await on.server.post('/v1/embeddings', on.key, body);
    assert.deepEqual(((await response.json()) as typeof answer).data, data);
  });
});
