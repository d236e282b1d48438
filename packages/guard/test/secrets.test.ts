import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { findSecrets, Inspector, SECRET_RULES } from '../src/index.ts';
import { fillSample, SECRET_SAMPLES } from './secret-samples.ts';

const COVERAGE = new URL('../../../../shared/guard/secrets/coverage.json', import.meta.url);
/** What cannot be seen in a text: gitleaks finds these by the name of a file. */
const BY_FILE_NAME = ['pkcs12-file'];

/** A small generator, so that failures repeat. */
function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

describe('secrets', () => {
  it('covers every rule of gitleaks v8', { skip: !existsSync(COVERAGE) && 'the list is not here' }, () => {
    const wanted = (JSON.parse(readFileSync(COVERAGE, 'utf8')) as { id: string }[]).map(({ id }) => id);
    const ids = new Set(SECRET_RULES.map((rule) => rule.id));
    assert.deepEqual(
      wanted.filter((id) => !ids.has(id) && !BY_FILE_NAME.includes(id)),
      [],
    );
    assert.deepEqual(
      wanted.filter((id) => !(id in SECRET_SAMPLES) && !BY_FILE_NAME.includes(id)),
      [],
    );
  });

  for (const [id, sample] of Object.entries(SECRET_SAMPLES)) {
    it(`${id}: seen by its own rule or one as grave, in 200 of 200 examples, and in a sentence`, () => {
      const random = seeded(id.length * 7919);
      const severity = SECRET_RULES.find((rule) => rule.id === id)!.severity;
      let own = 0;
      for (let n = 0; n < 200; n++) {
        const text = fillSample(sample, random);
        const found = findSecrets(text);
        if (found.some((one) => one.id === id)) own++;
        else
          assert.ok(
            found.some((one) => one.severity === severity || one.severity === 'critical'),
            `${n}: ${text}`,
          );
        assert.ok(findSecrets(`so I tried:\n${text}\nand it failed, why?`).length > 0, text);
      }
      assert.ok(own >= 100, `its own rule saw ${own} of 200`);
    });
  }

  it('marks the value alone, where it was given to a name', () => {
    const text = 'set HEROKU_API_KEY="01234567-89ab-4cde-8f01-23456789abcd" and go';
    const [found] = findSecrets(text);
    assert.equal(text.slice(found!.start, found!.end), '01234567-89ab-4cde-8f01-23456789abcd');
  });

  it('leaves alone what only looks like one', () => {
    for (const text of [
      'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
      'AKIAXXXXXXXXXXXXXXXX',
      'ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
      'task-management-and-scheduling-tool',
      'const key = process.env.STRIPE_SECRET_KEY;',
      'api_key: your-api-key-goes-here-2024',
      'password: <your password here>',
      'the access token expires after 3600 seconds, see auth.service.ts:120',
      'secret = get_secret_value_v2(config.secrets_manager)',
      'token_type: application/x-www-form-urlencoded',
      'commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904 is the empty tree',
      'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      'author: jane.doe2@example.org, key findings: 12 of 34',
      'keyboard=us-international-2022 monkey: banana2000apples',
    ])
      assert.deepEqual(findSecrets(text), [], text);
  });

  it('sees them split by invisible characters and in base64', () => {
    const inspector = new Inspector();
    const see = (text: string): string[] =>
      inspector.inspect({ text, pointer: '', channel: 'output' }).map((d) => `${d.detector}/${d.technique}`);
    const random = seeded(11);
    for (const id of ['github-pat', 'stripe-access-token', 'gcp-api-key', 'aws-access-token']) {
      const text = fillSample(SECRET_SAMPLES[id]!, random);
      const split = `${text.slice(0, -7)}\u200b${text.slice(-7)}`;
      assert.ok(see(split).includes(`secret/${id}`), split);
      const coded = `see ${Buffer.from(`it is ${text} ok`).toString('base64')} end`;
      assert.ok(
        see(coded).some((name) => name.startsWith('secret/')),
        text,
      );
    }
  });
});
