import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { clock, newEvent, systemSchema } from '@sallyport/core';
import { formatEnvelope, parseEnvelope, writeDurably } from '@sallyport/vault';
import type { Control } from '../control.ts';
import { demoContext, demoKeyPath, readDemoKey } from './demo-key.ts';
import { PLANTED_SECRET } from './helpdesk.ts';

const KEY_RENEW_MS = 86_400_000;

/** The demonstration systems, running on a thread of their own. */
export interface Demo {
  readonly key: string;
  readonly urls: { readonly helpdesk: string; readonly lending: string };
  stop(): Promise<void>;
}

/** Starts both demonstrations and makes them known; the demonstration key stays the same across starts. */
export async function startDemo(control: Control): Promise<Demo> {
  const thread = new Worker(new URL('./thread.ts', import.meta.url));
  const ports = await new Promise<{ helpdesk: number; lending: number }>((done, fail) => {
    thread.once('message', done);
    thread.once('error', fail);
  });
  const urls = {
    helpdesk: `http://127.0.0.1:${ports.helpdesk}/v1`,
    lending: `http://127.0.0.1:${ports.lending}`,
  };
  await put(control, 'helpdesk', { dialect: 'openai', urls: [urls.helpdesk], canaries: [PLANTED_SECRET] });
  await put(control, 'lending', { dialect: 'oip', urls: [urls.lending], models: ['lending'] });
  return { key: await demoKey(control), urls, stop: async () => void (await thread.terminate()) };
}

/** Demonstrations enforce from the start; a mode someone chose since is kept. */
async function put(
  control: Control,
  name: string,
  own: { dialect: 'openai' | 'oip'; urls: string[]; canaries?: string[]; models?: string[] },
): Promise<void> {
  const { store } = control.installation;
  const known = (await control.systems()).find((system) => system.name === name);
  if (known && !known.demo) return;
  const now = clock.nowIso();
  const config = systemSchema.parse({ mode: known?.config.mode ?? 'enforce', allowPrivate: true, ...own });
  await store.change(async (tx) => {
    await store.systems.put(tx, { name, config, demo: true, origin: 'demo', createdAt: now, updatedAt: now });
    return {
      result: undefined,
      event: newEvent(known ? 'upstream-changed' : 'upstream-added', {
        actor: 'sallyport',
        subject: `system:${name}`,
        demo: true,
      }),
    };
  });
}

/** The demonstration key: kept wrapped, so that it can be printed again. */
async function demoKey(control: Control): Promise<string> {
  const { installation } = control;
  const { ring } = installation;
  const path = demoKeyPath(installation.folder);
  if (existsSync(path)) {
    const { id, envelope = '' } = readDemoKey(path);
    const row = await installation.store.keys.byId(id);
    if (
      envelope !== '' &&
      row &&
      row.revokedAt === null &&
      Date.parse(row.expiresAt) - clock.nowMs() > KEY_RENEW_MS
    ) {
      return Buffer.from(ring.unwrap(parseEnvelope(envelope), demoContext(id))).toString();
    }
  }
  const made = await control.apiKeys.create('sallyport', {
    name: 'demonstration',
    systems: ['helpdesk', 'lending'],
    expires: '30d',
    demo: true,
  });
  await ring.ensure('demo');
  const envelope = formatEnvelope(ring.wrap(demoContext(made.id), Buffer.from(made.key)));
  writeDurably(path, `${JSON.stringify({ id: made.id, envelope })}\n`, 0o600);
  return made.key;
}
