#!/usr/bin/env node
// Runs the command with the Node that the workspace pins, whatever Node found this file.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, FLAGS } from './runtime.mjs';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'main.ts');
const [major, minor] = process.versions.node.split('.').map(Number);

function pinned() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

if (FLAGS.every((flag) => process.execArgv.includes(flag))) await import(main);
else {
  const node = major > 24 || (major === 24 && minor >= 7) ? process.execPath : pinned();
  if (node === null) {
    process.stderr.write(
      `sallyport: needs Node 24.7 or newer; this is ${process.versions.node}. Install the workspace with npm start.\n`,
    );
    process.exit(3);
  }
  // A folder that only this user can write: what lies there is run.
  const child = spawn(node, [...FLAGS, main, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: environment(join(homedir(), '.cache', 'sallyport', 'compiled')),
  });
  // From a terminal the program gets Ctrl-C itself too, and takes it once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 3 : 0)));
}
