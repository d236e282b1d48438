import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const KILLER = join(import.meta.dirname, 'kill-at-step.ts');
const PLAIN = ['--disable-warning=ExperimentalWarning'];

interface Gate {
  readonly name: string;
  readonly open: boolean;
}

/**
 * Registers versions, each killed (`kill -9`) at another step, and gives the same command again. It must succeed.
 * @param choose which of so many steps are killed at
 */
export function killRegistrations(choose: (steps: number) => readonly number[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-killed-'));
  const at = (...parts: string[]): string => join(folder, ...parts);
  const run = (settings: Readonly<Record<string, string>>, ...args: string[]) =>
    spawnSync(
      process.execPath,
      [...PLAIN, '--import', KILLER, MAIN, ...args, '--data', at('data'), '--config', at('sallyport.yaml')],
      {
        encoding: 'utf8',
        env: { ...process.env, SALLYPORT_ROOT_KEY: at('root.key'), KILL_FROM: '/open-ver_', ...settings },
      },
    );
  try {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    writeFileSync(at('key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    writeFileSync(at('key.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    writeFileSync(
      at('sallyport.yaml'),
      `inventory:\n  signers:\n    - { name: team, publicKeyFile: ${at('key.pub')} }\n`,
    );
    const register = (label: string, settings: Readonly<Record<string, string>>) => {
      const root = at(`model-${label}`);
      if (!existsSync(root)) {
        mkdirSync(root);
        writeFileSync(join(root, 'config.json'), JSON.stringify({ label }));
        writeFileSync(join(root, 'notes.txt'), `notes of ${label}`);
        // A pickle of a number: a model in a known format.
        writeFileSync(join(root, 'weights.pkl'), Buffer.from('\x80\x02K\x01.', 'latin1'));
        const signed = run({}, 'model', 'sign', root, '--key', at('key.pem'));
        assert.equal(signed.status, 0, signed.stderr);
      }
      const signature = ['--signature', join(root, 'model.sig')];
      return run(
        settings,
        ...[
          'model',
          'register',
          root,
          '--name',
          'killed',
          '--label',
          label,
          ...signature,
          '--format',
          'json',
        ],
      );
    };
    const isWhole = (
      label: string,
      answer: { status: number | null; stdout: string; stderr: string },
    ): void => {
      assert.equal(answer.status, 0, `${label}: ${answer.stdout}${answer.stderr}`);
      const { gates } = JSON.parse(answer.stdout) as { gates: Gate[] };
      assert.deepEqual(
        gates.filter(({ open }) => !open).map(({ name }) => name),
        ['approved'],
        label,
      );
    };
    isWhole('first', register('first', {}));
    isWhole('second', register('second', { KILL_STEPS: at('steps') }));
    const steps = readFileSync(at('steps'), 'utf8').trim().split('\n').length;
    assert.ok(steps > 15, `${steps} steps`);
    for (const step of choose(steps)) {
      const killed = register(`at-${step}`, { KILL_AT: String(step) });
      // What an end of a command does varies by some steps: the last ones may come after it.
      if (step < steps - 6) assert.equal(killed.signal, 'SIGKILL', `step ${step}: ${killed.stderr}`);
      isWhole(`killed at step ${step} of ${steps}`, register(`at-${step}`, {}));
    }
    isWhole('again, though whole', register('first', {}));
    writeFileSync(join(at('model-first'), 'notes.txt'), 'notes of fifth');
    const other = register('first', {});
    assert.equal(other.status, 2);
    assert.match(other.stdout, /versions never change/);
    const left = readdirSync(at('data', 'artefacts'), { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      left.filter((name) => /open-|\.new$/.test(name)),
      [],
      'nothing is left half done',
    );
    const verified = run({}, 'ledger', 'verify');
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
