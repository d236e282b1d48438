import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chunk, completion, sendEvents, sendJson, served } from '../../../server/test/harness.ts';

/*
 * People read the placeholder where their own value should stand: in arguments of tools (BerriAI/litellm#31950), and where the
 * model wrote it in another way than it was given (sgasser/pasteguard#38).
 */
const MAIL = 'jo.berg@mail.example';
/** How models write `[EMAIL_1]` back. */
const WRITTEN: Record<string, (placeholder: string) => string> = {
  'as it is': (p) => p,
  'in lower case': (p) => p.toLowerCase(),
  'with brackets escaped for Markdown': (p) => p.replace('[', '\\[').replace(']', '\\]'),
  'with the underscore escaped': (p) => p.replace('_', '\\_'),
  'without brackets': (p) => p.slice(1, -1),
  'in bold': (p) => `**${p}**`,
};

describe('a placeholder that the model says', () => {
  const on = served({ privacy: { restoreIntoTools: { send_mail: ['email'] } } });
  /** The placeholder in what the AI system was sent. */
  const given = (body: Buffer): string => /\[EMAIL_\w+\]/.exec(body.toString())![0];

  for (const [name, write] of Object.entries(WRITTEN))
    for (const stream of [false, true])
      it(`${name} is the value again${stream ? ', streamed in pieces' : ''}`, async () => {
        on.fake.answer = (_req, res, body) => {
          const said = `I wrote to ${write(given(body))} today.`;
          if (!stream) return sendJson(res, completion(said));
          const pieces = said.match(/.{1,3}/gs)!.map((content) => chunk({ content }));
          return sendEvents(res, [...pieces, chunk({}, 0, 'stop'), 'data: [DONE]\n\n']);
        };
        const response = await on.server.chat(on.key, `Write to ${MAIL}`, { stream });
        const text = await response.text();
        const answer = stream
          ? [...text.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)]
              .map(([, piece]) => JSON.parse(`"${piece}"`))
              .join('')
          : (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
        assert.ok(answer.includes(MAIL), answer);
        assert.doesNotMatch(answer, /EMAIL/i);
      });

  it('in arguments of a tool that may have it is the value again, and JSON', async () => {
    on.fake.answer = (_req, res, body) => {
      const args = JSON.stringify({ to: given(body), subject: 'Hello "you"' });
      const call = { id: 'c1', type: 'function', function: { name: 'send_mail', arguments: args } };
      return sendJson(res, completion(null, { tool_calls: [call] }));
    };
    const response = await on.server.chat(on.key, `Write to ${MAIL}`);
    const { choices } = (await response.json()) as {
      choices: { message: { tool_calls: { function: { arguments: string } }[] } }[];
    };
    assert.deepEqual(JSON.parse(choices[0]!.message.tool_calls[0]!.function.arguments), {
      to: MAIL,
      subject: 'Hello "you"',
    });
  });

  it('within structured output is the value again, and JSON', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n-----END CERTIFICATE-----';
    on.fake.answer = (_req, res, body) =>
      sendJson(res, completion(JSON.stringify({ mail: given(body), note: pem })));
    const response = await on.server.chat(on.key, `Put ${MAIL} into the form`, {
      response_format: { type: 'json_object' },
    });
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
    assert.deepEqual(JSON.parse(choices[0]!.message.content), { mail: MAIL, note: pem });
  });
});
