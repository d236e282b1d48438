import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { openControl } from '@sallyport/server';
import { chunk, completion, type FakeSystem, fakeSystem, scratch, sendEvents, sendJson } from './harness.ts';

const MAIN = join(import.meta.dirname, '../../cli/src/main.ts');

/** What a number of crashes left. */
export interface CrashReport {
  readonly acknowledged: number;
  readonly missing: string[];
  readonly unfinished: number;
  readonly problems: string[];
  readonly crashes: number;
}

/** Starts `sallyport up` as a process of its own. */
export async function startProcess(
  data: string,
  config: string,
): Promise<{ child: ChildProcess; gateway: string }> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      'up',
      '--no-demo',
      '--data',
      data,
      '--root-key',
      `${data}.key`,
      '--config',
      config,
      '--gateway-port',
      '0',
      '--control-port',
      '0',
      '--format',
      'json',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let errors = '';
  child.stderr!.on('data', (piece: Buffer) => {
    errors += piece.toString();
  });
  return new Promise((done, fail) => {
    child.stdout!.on('data', (piece: Buffer) => {
      out += piece.toString();
      if (out.trimEnd().endsWith('}'))
        done({ child, gateway: (JSON.parse(out) as { gateway: string }).gateway });
    });
    child.on('exit', () => fail(new Error(`the server did not start: ${errors}`)));
  });
}

/**
 * Kills a loaded server at random moments, again and again on one data folder, and then looks for every exchange
 * that a caller saw answered.
 */
export async function crashRepeatedly(options: {
  data: string;
  config: string;
  key: string;
  fake: FakeSystem;
  crashes: number;
  onCrash?: (n: number) => void;
}): Promise<CrashReport> {
  const acknowledged = new Set<string>();
  for (let n = 0; n < options.crashes; n++) {
    const { child, gateway } = await startProcess(options.data, options.config);
    const exited = new Promise((done) => child.once('exit', done));
    let stop = false;
    const caller = async (stream: boolean): Promise<void> => {
      while (!stop) {
        try {
          const response = await fetch(`${gateway}/v1/chat/completions`, {
            method: 'POST',
            headers: { authorization: `Bearer ${options.key}`, 'content-type': 'application/json' },
            body: JSON.stringify({
              model: 'main',
              stream,
              messages: [{ role: 'user', content: `hello ${n}` }],
            }),
          });
          const text = await response.text();
          const whole = stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}');
          if (response.status === 200 && whole)
            acknowledged.add(response.headers.get('x-sallyport-exchange')!);
        } catch {
          if (stop) return;
          await new Promise((tick) => setTimeout(tick, 1));
        }
      }
    };
    const callers = Array.from({ length: 12 }, (_, i) => caller(i % 4 === 0));
    await new Promise((tick) => setTimeout(tick, 20 + Math.random() * 400));
    child.kill('SIGKILL');
    await exited;
    stop = true;
    await Promise.all(callers);
    options.onCrash?.(n);
  }
  const control = await openControl({
    data: options.data,
    config: parseConfig({}),
    rootKey: `${options.data}.key`,
    create: false,
  });
  const missing: string[] = [];
  let unfinished = 0;
  for (const id of acknowledged) {
    const row = await control.installation.store.exchanges.byId(id);
    if (!row) missing.push(id);
    // Its last byte was seen, so its outcome had been recorded: it must not have become a crash.
    else if (row.outcome !== 'answered') unfinished++;
  }
  await control.installation.ledger.checkpointNow();
  const report = await verifyLedger(
    control.installation.ledger.folder,
    control.installation.ledger.verifierKey,
  );
  await control.installation.close();
  return {
    acknowledged: acknowledged.size,
    missing,
    unfinished,
    problems: report.problems.map((problem) => problem.message),
    crashes: options.crashes,
  };
}

/** Prepares a data folder with one system and one key. */
export async function prepareCrash() {
  const fake = await fakeSystem();
  fake.answer = (_req, res, body) => {
    const { stream } = JSON.parse(body.toString()) as { stream: boolean };
    if (stream)
      sendEvents(res, [
        ...Array.from({ length: 30 }, (_, i) => chunk({ content: `word${i} ` })),
        'data: [DONE]\n\n',
      ]);
    else sendJson(res, completion('fine'));
  };
  const folder = scratch();
  const data = join(folder, 'data');
  const config = join(folder, 'sallyport.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      systems: { main: { dialect: 'openai', urls: [fake.url], allowPrivate: true, mode: 'enforce' } },
    }),
  );
  const own = parseConfig({
    systems: { main: { dialect: 'openai', urls: [fake.url], allowPrivate: true, mode: 'enforce' } },
  });
  const control = await openControl({ data, config: own, rootKey: `${data}.key` });
  const { key } = await control.createKey('test', {
    name: 'crash',
    systems: ['main'],
    limits: { requestsPerMinute: 10_000_000 },
  });
  await control.installation.close();
  return { fake, data, config, key };
}
