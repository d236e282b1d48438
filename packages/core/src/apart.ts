import { type ChildProcess, fork } from 'node:child_process';
import { env, pid, platform } from 'node:process';

/** Variables that a process apart is given: where files of its own go, and what finds its runtime. No secret is among them. */
const VARIABLES = ['TMPDIR', 'TEMP', 'TMP', 'PATH', 'LD_LIBRARY_PATH', 'SystemRoot'];
/** Says to a process that it is one apart, and whether what it starts ends with it. */
const MARK = 'SALLYPORT_APART';
const LEADS = 'leads';
/** A process apart, as whoever started it sees it. */
export type Apart = ChildProcess;

const hasGroups = platform !== 'win32';
const isApart = env[MARK] !== undefined;

/** Ends a process, whatever it is at. @param leads whether all that it started ends too */
function end(target: number, leads: boolean): void {
  try {
    process.kill(leads ? -target : target, 'SIGKILL');
  } catch {
    // It has gone already.
  }
}

/**
 * Starts a module in a process of its own, for work on what others wrote. A thread is not enough: where one comes to the end of the memory
 * that it may use, V8 ends the whole process and not the thread. It sees no secret of this process; it hears and answers by messages, and
 * ends with whoever started it.
 * @param entry calls {@link answerApart}
 * @param heapMegabytes of JavaScript memory that it may use; one that needs more is ended
 */
export function startApart(entry: URL, heapMegabytes: number): Apart {
  const given = VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return fork(entry, {
    // What one apart starts belongs to its group.
    detached: hasGroups && !isApart,
    env: { ...Object.fromEntries(given), [MARK]: isApart ? 'belongs' : LEADS },
    execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${heapMegabytes}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Ends a process apart and what it started, whatever they are at. */
export function endApart(child: Apart): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    end(child.pid, hasGroups && !isApart);
}

/** Why a process apart ended, in words. @param signal that ended it */
export const whyEnded = (signal: NodeJS.Signals | null): string =>
  signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL'
    ? 'it took more memory than it may'
    : 'its process ended';

/** In a process apart: hears messages one after another, and ends with whoever started it. @param hear does what one says */
export function answerApart<T>(hear: (message: T) => Promise<void>): void {
  let last = Promise.resolve();
  process.on('message', (message: T) => {
    last = last.then(() => hear(message));
  });
  process.on('disconnect', () => end(pid, hasGroups && env[MARK] === LEADS));
}

/** In a process apart: answers. @returns when it is on its way */
export const tellApart = (answer: object): Promise<void> =>
  new Promise((resolve) => {
    process.send!(answer, undefined, undefined, () => resolve());
  });
