import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@sallyport/core';
import { verifyLedger } from '@sallyport/ledger';
import { openControl } from '@sallyport/server';
import { chunk, completion, type FakeSystem, fakeSystem, scratch, sendEvents, sendJson } from './harness.ts';
import { startProgram } from './program.ts';

/** What a number of crashes left. */
export interface CrashReport {
  readonly acknowledged: number;
  readonly missing: string[];
  /** Acknowledged, and recorded as cut off nevertheless. */
  readonly unfinished: number;
  /** Of every fiftieth: content that is not what was committed to. */
  readonly contentLost: string[];
  readonly problems: string[];
  readonly crashes: number;
}

/**
 * Kills a loaded server at random moments, again and again on one data folder, and then looks for every exchange
 * that a caller saw answered.
 */
export async function crashRepeatedly(
  options: CrashSetting & { crashes: number; onCrash?: () => void },
): Promise<CrashReport> {
  const acknowledged = new Set<string>();
  for (let n = 0; n < options.crashes; n++) {
    const { gateway, kill } = await startProgram(options);
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
    await new Promise((tick) => setTimeout(tick, 5 + Math.random() * 300));
    // Every other one is killed under full load, on a slow machine too.
    const before = acknowledged.size;
    for (let i = 0; n % 2 === 1 && i < 200 && acknowledged.size < before + 12; i++)
      await new Promise((tick) => setTimeout(tick, 10));
    await kill();
    stop = true;
    await Promise.all(callers);
    options.onCrash?.();
  }
  const control = await openControl({
    data: options.data,
    config: parseConfig({}),
    rootKey: options.rootKey,
    create: false,
  });
  const missing: string[] = [];
  const contentLost: string[] = [];
  let unfinished = 0;
  for (const [i, id] of [...acknowledged].entries()) {
    const row = await control.installation.store.exchanges.byId(id);
    if (!row) missing.push(id);
    // Its last byte was seen, so its outcome had been recorded: it must not have become a crash.
    else if (row.outcome !== 'answered') unfinished++;
    else if (i % 50 === 0) {
      const { entries } = await control.exchange('test', id, true);
      if (!entries.every((entry) => entry.commitmentHolds)) contentLost.push(id);
    }
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
    contentLost,
    problems: report.problems.map((problem) => problem.message),
    crashes: options.crashes,
  };
}

/** What a series of crashes needs. */
export interface CrashSetting {
  readonly fake: FakeSystem;
  readonly data: string;
  readonly rootKey: string;
  readonly config: string;
  readonly key: string;
}

/** Prepares a data folder with one system and one key. */
export async function prepareCrash(): Promise<CrashSetting> {
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
  const rootKey = `${data}.key`;
  const control = await openControl({ data, config: own, rootKey });
  const { key } = await control.apiKeys.create('test', {
    name: 'crash',
    systems: ['main'],
    limits: { requestsPerMinute: 10_000_000 },
  });
  await control.installation.close();
  return { fake, data, rootKey, config, key };
}
