import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Inspector } from '../inspector.ts';

const inspector = new Inspector();
const ids = (text: string, channel: 'output' | 'user' = 'output'): string[] =>
  inspector
    .inspect({ pointer: '', text, channel })
    .filter(({ detector, severity }) => detector === 'secret' && severity !== 'low')
    .map(({ technique }) => technique);

const SECRETS: Readonly<Record<string, string>> = {
  'github-pat': 'ghp_x7Kd92LmQp4RtVw83YzBn5CsFg6HjT1aE0Uo',
  'aws-access-token': 'AKIAZ7Q3XW5RT2LPN6VD',
  'anthropic-api-key':
    'sk-ant-api03-Zk3Jx9Qm2Lw8Vt5Rb7Nc1Hd4Gf6Ys0PaT3BlbkFJu2Xe8Wq5Rn1Kc7Vb4Mz9Lh3Jg6Fd0SaQwErTyUiOpAsDfGhJkLAA',
  'openai-api-key': 'sk-proj-Zk3Jx9Qm2Lw8Vt5Rb7Nc1Hd4Gf6Ys0Pa_T3BlbkFJu2Xe8Wq5Rn1Kc7Vb4Mz9Lh3Jg6Fd0Sa',
  'slack-bot-token': 'xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx',
};

/** Ways in which those who get a system to say a secret have it written, or in which programs break it. */
const WAYS: Readonly<Record<string, (secret: string) => string>> = {
  'from its end': (s) => [...s].reverse().join(''),
  'behind a letter': (s) => `x${s}`,
  'behind a word': (s) => `the${s}`,
  'given to a long name': (s) => `THE_LONG_NAME_OF_A_VARIABLE=${s}`,
  'in groups': (s) => s.replaceAll(/(.{8})/g, '$1 ').trim(),
  'over two lines': (s) => `${s.slice(0, 16)}\n${s.slice(16)}`,
  'over two lines of a quotation': (s) => `${s.slice(0, 14)}\r\n> ${s.slice(14)}`,
};

describe('secrets in disguise', () => {
  for (const [id, secret] of Object.entries(SECRETS))
    for (const [name, write] of Object.entries(WAYS))
      it(`${id}: ${name}`, () =>
        assert.notDeepEqual(ids(`Here: ${write(secret)} and so on`), [], write(secret)));

  it('in what is sent as well, where a terminal broke it', () => {
    const secret = SECRETS['github-pat']!;
    assert.notDeepEqual(ids(`token=${secret.slice(0, 22)}\n${secret.slice(22)}`, 'user'), []);
  });

  it('words, hashes and base64 are none', () => {
    const hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
    const bytes = Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * i * 31 + 7 * i) & 255));
    for (const text of [
      'ghp_ tokens begin with these four letters and have thirty-six more behind them, all of them drawn by lot',
      'xoxb- is the prefix\nof-bot-tokens-in-Slack',
      'AKIA is what the ids of keys begin with\nASIA what temporary ones do',
      `sha256:${hash} ${[...hash].reverse().join('')}`,
      bytes.toString('base64url'),
      'npm_config_registry npm_lifecycle_event\nnpm_package_version my_npm_config_cache',
      'glpat- \nglpat- \n',
      'a-page-about-the-things-that-many-people-like-ks and task-force-that-plans-what-comes-next-year',
    ])
      assert.deepEqual(ids(text), [], text.slice(0, 60));
  });

  it('takes time in step with length', () => {
    for (const unit of ['ghp_ ', 'ghp_abcd ', 'ghp_abcdef\n', 'xoxb-', '-bxox', 'AKIA A1A1 ']) {
      const time = (length: number): number => {
        const text = unit.repeat(Math.ceil(length / unit.length));
        const before = performance.now();
        ids(text.slice(0, length));
        return performance.now() - before;
      };
      time(1_000);
      assert.ok(time(100_000) < 4_000, unit);
    }
  });
});
