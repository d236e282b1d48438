import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// As `npm start` starts it.
const { environment, FLAGS } = (await import('../../cli/bin/runtime.mjs' as string)) as {
  environment: (cache: string) => NodeJS.ProcessEnv;
  FLAGS: string[];
};
const ENVIRONMENT = environment(join(import.meta.dirname, '../../../node_modules/.cache/sallyport-compiled'));
const MAIN = join(import.meta.dirname, '../../cli/src/main.ts');
const running = new Set<ChildProcess>();

/** The real program in a process of its own. */
export interface Program {
  readonly child: ChildProcess;
  /** Base URL of its gateway. */
  readonly gateway: string;
  /** Base URL of its control plane. */
  readonly control: string;
  /** Ends it as an operator would. @returns its exit code */
  stop(): Promise<number>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Runs a command on the same data and reads what it prints. */
  sallyport(...args: string[]): unknown;
  /** Resident memory, megabytes. */
  rssMb(): number;
}

/** Where a program keeps its things, and how it is started. */
export interface ProgramOptions {
  readonly data: string;
  readonly rootKey: string;
  readonly config: string;
  readonly args?: readonly string[];
  /** What the shell does before it becomes the program. */
  readonly shell?: string;
}

/** Starts `sallyport up` and waits until it listens. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { data, rootKey, config, args = [], shell = 'true' } = options;
  const common = ['--data', data, '--root-key', rootKey, '--config', config, '--format', 'json'];
  const ports = ['--gateway-port', '0', '--control-port', '0'];
  const up = [...FLAGS, MAIN, 'up', '--no-demo', ...ports, ...args, ...common];
  const child = spawn('sh', ['-c', `${shell} && exec "$@"`, 'sh', process.execPath, ...up], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ENVIRONMENT,
  });
  running.add(child);
  const exited = new Promise<number>((done) =>
    child.once('exit', (code) => {
      running.delete(child);
      done(code ?? -1);
    }),
  );
  let errors = '';
  child.stderr!.on('data', (piece: Buffer) => {
    errors = (errors + piece).slice(-4_000);
  });
  const printed = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout!.on('data', (piece: Buffer) => {
      text += piece;
      if (/\}\s*$/.test(text)) done(text);
    });
    void exited.then((code) => fail(new Error(`the program ended with ${code}: ${errors}`)));
  });
  const { gateway, control } = JSON.parse(printed) as { gateway: string; control: string };
  return {
    child,
    gateway,
    control,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    sallyport: (...command) =>
      JSON.parse(
        execFileSync(process.execPath, [...FLAGS, MAIN, ...command, ...common], {
          encoding: 'utf8',
          env: ENVIRONMENT,
        }),
      ),
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024,
  };
}

/** Kills what a failed test left behind: it must not keep the process of the test. */
export function killPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}
