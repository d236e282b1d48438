import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

describe('lines of the log', () => {
  const written = (script: string): string[] => {
    const { stderr } = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        `import { log, unforeseen } from ${JSON.stringify(join(import.meta.dirname, '../src/log.ts'))};\n${script}`,
      ],
      { encoding: 'utf8', env: { ...process.env, SALLYPORT_LOG: 'debug' } },
    );
    return stderr.trimEnd().split('\n');
  };

  it('are one value of JSON each, in UTC, whatever stands in them', () => {
    const hostile = 'a\n{"at":"x","level":"error","message":"forged"}\r\u2028\u001b[2J\u202e%s%d\u0000';
    const lines = written(
      `const hostile = ${JSON.stringify(hostile)};
       log('warn', hostile, { system: hostile, [hostile]: 1 });
       unforeseen(new Error(hostile));
       log('info', 'end');`,
    );
    assert.equal(lines.length, 3, lines.join('\n'));
    const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      read.map(({ level }) => level),
      ['warn', 'error', 'info'],
    );
    for (const { at } of read) assert.match(String(at), /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    for (const line of lines) assert.match(line, /^[ -~]*$/, 'nothing that moves, hides or commands');
    assert.equal(read[0]!['message'], hostile);
  });
});
