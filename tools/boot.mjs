// Starts any script of the workspace on a fresh clone: built-ins only, any Node from 18 on. Installs what is locked
// when that is needed, then runs the pinned Node by path.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment, FLAGS } from '../packages/cli/bin/runtime.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [, , task, ...rest] = process.argv;

function fail(message) {
  process.stderr.write(`sallyport: ${message}\n`);
  process.exit(3);
}

function pinnedNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const path = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(path)) return path;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 7)) return process.execPath;
  return fail(
    `there is no pinned Node for ${process.platform}-${process.arch}, and this machine's Node ${process.versions.node} is older than 24.7`,
  );
}

const stamp = join(root, 'node_modules', '.sallyport-installed');
const wanted = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted();

/** Whether a process that was seen at work still is. */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Whether an installation was broken off: who began it is gone, or did not say who it is for ten minutes. */
function isBrokenOff(lock, owner) {
  if (existsSync(owner)) return !isAlive(Number(readFileSync(owner, 'utf8')) || process.pid);
  return existsSync(lock) && Date.now() - statSync(lock).mtimeMs > 600_000;
}

/** Two starts at once install once: the second waits for the first. */
function install() {
  const lock = join(root, '.sallyport-installing');
  const owner = join(lock, 'pid');
  for (let waited = 0; ; waited++) {
    try {
      mkdirSync(lock);
      writeFileSync(owner, String(process.pid));
      break;
    } catch {
      if (installed()) return;
      if (isBrokenOff(lock, owner)) {
        rmSync(lock, { recursive: true, force: true });
        continue;
      }
      if (waited === 2) process.stderr.write('sallyport: waiting for another installation here to end …\n');
      if (waited > 1200) fail(`another installation does not end; remove ${lock} if there is none`);
      spawnSync(process.execPath, ['-e', 'setTimeout(() => {}, 500)']);
    }
  }
  try {
    if (installed()) return;
    process.stderr.write('sallyport: installing what package-lock.json names (once, about a minute) …\n');
    const npm = process.env.npm_execpath;
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const options = { cwd: root, stdio: ['ignore', 2, 2] };
    const done =
      npm && /\.c?js$/.test(npm)
        ? spawnSync(process.execPath, [npm, ...args], options)
        : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
    if (done.status !== 0) fail('npm could not install; see its message above');
    writeFileSync(stamp, wanted());
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

if (!installed()) install();
const node = pinnedNode();
const path = `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`;

function run(args, doing = task) {
  const child = spawn(node, [...FLAGS, ...args], {
    cwd: process.env.INIT_CWD && doing === 'start' ? process.env.INIT_CWD : root,
    stdio: 'inherit',
    env: {
      ...environment(join(root, 'node_modules/.cache/sallyport-compiled')),
      PATH: path,
      SALLYPORT_STARTED_BY: String(process.pid),
    },
  });
  // A terminal sends Ctrl-C to both of us; the child takes it once, and its time to end cleanly.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((done) => child.on('exit', (code, signal) => done(code ?? (signal ? 3 : 0))));
}

/** Builds the console when its sources, those of core among them, are not those it was last built from. */
async function buildConsole() {
  const folder = join(root, 'packages/console');
  const digest = createHash('sha256').update(wanted());
  const read = (path) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) read(join(path, name));
    else digest.update(path.slice(folder.length)).update(readFileSync(path));
  };
  for (const name of ['index.html', 'vite.config.ts', 'public', 'src']) read(join(folder, name));
  read(join(root, 'packages/core/src'));
  const built = join(folder, 'dist', '.built-from');
  const now = digest.digest('hex');
  if (existsSync(built) && readFileSync(built, 'utf8') === now) return 0;
  const code = await run([join(root, 'node_modules/vite/bin/vite.js'), 'build', folder], 'build');
  if (code === 0) writeFileSync(built, now);
  return code;
}

const tests = (patterns) => [
  '--test',
  '--test-reporter=spec',
  '--test-concurrency=2',
  `--test-timeout=${task === 'prove' ? 3_600_000 : 600_000}`,
  ...(rest.length > 0 ? rest : patterns),
];
const tasks = {
  start: async () => (await buildConsole()) || run([join(root, 'packages/cli/src/main.ts'), 'up', ...rest]),
  console: buildConsole,
  test: async () =>
    (await buildConsole()) ||
    run(tests(['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'tools/*.test.ts'])),
  prove: async () => run(tests(['prove/*.test.ts'])),
  run: async () => run(rest),
  bench: async () => run([`bench/${rest[0] ?? 'gateway'}/run.ts`, ...rest.slice(1)]),
  check: async () => {
    for (const args of [
      ['node_modules/typescript/bin/tsc', '-p', '.'],
      ['node_modules/typescript/bin/tsc', '-p', 'packages/console'],
      ['node_modules/@biomejs/biome/bin/biome', 'check', '.'],
      ['node_modules/knip/bin/knip.js'],
    ]) {
      const code = await run(args);
      if (code !== 0) return code;
    }
    return 0;
  },
};
if (!tasks[task]) fail(`there is no task \`${task}\`; there are ${Object.keys(tasks).join(', ')}`);
process.exit(await tasks[task]());
