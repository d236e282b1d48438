import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const MODEL = join(import.meta.dirname, '../src/demo/lending/lending.onnx');

/** Runs a module in a process of its own, with an empty home and none of our variables. @returns the home */
function inEmptyHome(source: string): { home: string; status: number | null; stderr: string } {
  const home = mkdtempSync(join(tmpdir(), 'sallyport-home-'));
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...env, HOME: home, XDG_CACHE_HOME: '' },
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  return { home, status, stderr };
}

describe('the runtime for ONNX models', () => {
  it('keeps no queue of reports to its maker', () => {
    const { home, status, stderr } = inEmptyHome(`
      import { OnnxModel } from '@sallyport/models';
      const model = await OnnxModel.open(${JSON.stringify(MODEL)});
      if (model.inputs.length === 0) throw new Error('no model');
      await new Promise((done) => setTimeout(done, 500));
    `);
    assert.equal(status, 0, stderr);
    assert.ok(
      !existsSync(join(home, '.cache', 'Microsoft')),
      readdirSync(home, { recursive: true }).join(', '),
    );
  });

  it('is not loaded in a thread of a program that did not switch the reports off', () => {
    const { status, stderr } = inEmptyHome(`
      import { Worker } from 'node:worker_threads';
      const source = \`
        import { OnnxModel } from '@sallyport/models';
        await OnnxModel.open(${JSON.stringify(MODEL)}).then(() => process.exit(9), (fault) => process.exit(/ORT_DISABLE_TELEMETRY/.test(fault.message) ? 0 : 8));
      \`;
      const thread = new Worker(new URL('data:text/javascript,' + encodeURIComponent(source.replace("'@sallyport/models'", JSON.stringify(import.meta.resolve('@sallyport/models'))))));
      thread.on('exit', (code) => process.exit(code));
    `);
    assert.equal(status, 0, stderr);
  });
});
