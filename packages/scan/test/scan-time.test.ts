import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import { global, stream, text } from './corpus/assembler.ts';

const SECONDS_MAX = 20;
const scan = async (content: Uint8Array, name = 'model.pkl'): Promise<string> => {
  const started = performance.now();
  const { verdict } = await scanSource(name, new BytesSource(content));
  const seconds = (performance.now() - started) / 1000;
  assert.ok(seconds < SECONDS_MAX, `${seconds} s for ${content.length} bytes`);
  return verdict;
};

describe('a small file takes a short time', () => {
  it('where it begins like a pickle at every third byte', async () => {
    const content = Buffer.concat([Buffer.from('N.'), Buffer.from('80046380'.repeat(40_000), 'hex')]);
    assert.notEqual(await scan(content), 'clean');
    const lines = Buffer.concat([Buffer.from('N.'), Buffer.from('800463'.repeat(40_000), 'hex')]);
    assert.notEqual(await scan(lines), 'clean');
  });

  it('where the names in a pickle have many dots', async () => {
    for (const [count, verdict] of [
      [40, 'suspicious'],
      [30_000, 'suspicious'],
    ] as const)
      assert.equal(await scan(Buffer.from(`cx\n${Array(count).fill('a').join('.')}\n)R.`)), verdict);
    assert.equal(await scan(Buffer.from(`cx\n${'a.'.repeat(40)}os.system\n(S'x'\ntR.`)), 'malicious');
    const module = Array(30_000).fill('a').join('.');
    assert.equal(await scan(Buffer.from(`c${module}\na.b\n)R.`)), 'suspicious');
    const script = 'curl -s http://get.example.com/x -o x; '.repeat(20_000);
    assert.equal(await scan(Buffer.from(script), 'run.sh'), 'clean');
  });

  it('where it holds many pickles', async () => {
    assert.equal(await scan(Buffer.from('N.'.repeat(90_000))), 'clean');
    assert.equal(await scan(Buffer.from('N.'.repeat(200_000))), 'incomplete');
  });

  it('and is searched no less for that', async () => {
    const call = stream(OP.PROTO, 4, global('posix', 'system'), text('x'), OP.TUPLE1, OP.REDUCE, OP.STOP);
    const noise = Buffer.from('80044b'.repeat(1000), 'hex');
    assert.equal(await scan(Buffer.concat([Buffer.from('N.\0'), noise, call])), 'suspicious');
  });

  it('where YAML has keys within keys, or repeats much', async () => {
    const yaml = (text: string): Promise<string> => scan(Buffer.from(text), 'a.yaml');
    for (const text of ['? '.repeat(400), '[? '.repeat(150), '{? '.repeat(400), '? '.repeat(200_000)])
      assert.notEqual(await yaml(text), 'clean', text.slice(0, 8));
    const repeated = Array.from({ length: 6000 }, (_, n) => `k${n}: &k${n} 1\nj${n}: *k${n}\n`);
    assert.equal(await yaml(repeated.join('')), 'clean');
    assert.equal(await yaml('? [a, {b: c}]\n: &x [1]\n? {[d]: e}\n: *x\n'), 'clean');
    // What is repeated is still counted, and is what stands last before.
    const doubling = Array.from({ length: 20 }, (_, n) => `- &a${n + 1} [*a${n}, *a${n}]\n`);
    assert.equal(await yaml(`- &a0 [1, 1]\n${doubling.join('')}`), 'suspicious');
    assert.equal(await yaml('- &a 1\n- &a os.system\n- _target_: *a\n- &a 2\n'), 'malicious');
  });

  it('where XML begins a type of document again and again', async () => {
    assert.equal(await scan(Buffer.from(`<PMML ${'<!DOCTYPE'.repeat(1_000_000)}`), 'a.pmml'), 'clean');
    const entity = '<!DOCTYPE PMML [<!ENTITY a "b">]><PMML version="4.4"/>';
    for (const text of [entity, '<!DOCTYPE PMML SYSTEM "http://a.example/x"><PMML version="4.4"/>'])
      assert.equal(await scan(Buffer.from(text), 'a.pmml'), 'suspicious');
    assert.equal(
      await scan(Buffer.from('<!DOCTYPE PMML><PMML version="4.4">[PUBLIC]</PMML>'), 'a.pmml'),
      'clean',
    );
  });
});
