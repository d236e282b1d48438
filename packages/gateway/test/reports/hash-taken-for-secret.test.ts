import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { served } from '../../../server/test/harness.ts';

/*
 * Text that only has the shape of a secret was taken for one: hashes of 32 figures (IBM/mcp-context-forge#6827), and examples out of
 * documentation (glsec/glsec#358).
 */
const HEX32 = '9e107d9d372bb6826bd81d3542a419d6';
const HEX64 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const HARMLESS = [
  `the checksum is ${HEX32}`,
  `cache_key = "${HEX64}"`,
  'partition_key: 6f9619ff-8b86-d011-b42d-00cf4fc964ff',
  'primaryKey=01ARZ3NDEKTSV4RRFFQ69G5FAV',
  `SRCREV_machine_key = "${HEX32}a1b2c3d4"`,
  'git commit da39a3ee5e6b4b0d3255bfef95601890afd80709 breaks the build',
  'AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE',
  'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  'password: <your password>',
  `token: $${'{{ secrets.DEPLOY_TOKEN }}'}`,
  'password: {{ .Values.database.password }}',
  'export OPENAI_API_KEY=your-api-key-here',
  'postgres://user:password@localhost:5432/app',
  'git@github.example:team/app.git',
];
const SECRETS = [
  `AWS_ACCESS_KEY_ID=AKIA${'Q7ZX3LMPV2RT5WND'}`,
  `export GITHUB_TOKEN=ghp_${'a8Kd93mXq0ZtR7vLp2YwN5cBhJ4sFg6uTe1Q'}`,
];

describe('what only has the shape of a secret', () => {
  const on = served();

  for (const text of HARMLESS)
    it(`is sent as it came: ${text.slice(0, 40)}`, async () => {
      const response = await on.server.chat(on.key, text);
      assert.equal(response.status, 200, await response.text());
      const { messages } = JSON.parse(on.fake.requests.at(-1)!.body.toString()) as {
        messages: { content: string }[];
      };
      assert.equal(messages[0]!.content, text);
    });

  for (const text of SECRETS)
    it(`is told from a secret: ${text.slice(0, 24)}`, async () => {
      const before = on.fake.requests.length;
      const response = await on.server.chat(on.key, text);
      await response.text();
      const sent = on.fake.requests
        .slice(before)
        .map(({ body }) => body.toString())
        .join('');
      assert.ok(!sent.includes(text.slice(text.indexOf('=') + 1)), `${response.status} ${sent}`);
    });
});
