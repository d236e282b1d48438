import { appendFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Loaded before a command: counts what it does to the disk from the moment that it first touches `KILL_FROM`, and ends the process as
// `kill -9` does at the step that `KILL_AT` numbers. Names of steps go to `KILL_STEPS`.
const require = createRequire(import.meta.url);
const fs = require('node:fs') as Record<string, (...given: unknown[]) => unknown>;
const { DatabaseSync } = require('node:sqlite') as typeof import('node:sqlite');
const { KILL_FROM = '', KILL_AT = '', KILL_STEPS = '' } = process.env;

let begun = false;
let steps = 0;
function step(name: string, about: string): void {
  begun ||= about.includes(KILL_FROM);
  if (!begun) return;
  steps++;
  if (KILL_STEPS !== '') appendFileSync(KILL_STEPS, `${name}\n`);
  if (steps === Number(KILL_AT)) process.kill(process.pid, 'SIGKILL');
}

if (isMainThread) {
  for (const name of ['renameSync', 'openSync', 'rmSync', 'mkdirSync']) {
    const own = fs[name]!;
    fs[name] = (...given) => {
      if (name !== 'openSync' || (given[1] !== undefined && given[1] !== 'r')) step(name, String(given[0]));
      return own.apply(fs, given);
    };
  }
  const prepare = DatabaseSync.prototype.prepare;
  DatabaseSync.prototype.prepare = function (text) {
    const statement = prepare.call(this, text);
    if (/^commit/i.test(text)) {
      const run = statement.run.bind(statement);
      statement.run = () => {
        step('commit', '');
        return run();
      };
    }
    return statement;
  };
  syncBuiltinESMExports();
}
