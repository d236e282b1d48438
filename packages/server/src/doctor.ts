import { statfsSync } from 'node:fs';
import { clock } from '@sallyport/core';
import type { Control } from './control.ts';
import { exposure } from './exposure.ts';

/** One thing the doctor looked at. */
export interface Diagnosis {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to type, when something is wrong. */
  readonly remedy: string | null;
}

const FREE_BYTES_MIN = 512 * 1024 * 1024;

/** Looks at everything that commonly goes wrong and says what to do about it. */
export async function diagnose(control: Control): Promise<Diagnosis[]> {
  const { installation } = control;
  const found: Diagnosis[] = [];
  const add = (check: string, ok: boolean, detail: string, remedy: string): void =>
    void found.push({ check, ok, detail, remedy: ok ? null : remedy });
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  add(
    'runtime',
    major > 24 || (major === 24 && minor >= 7),
    `Node ${process.versions.node}`,
    'start with `npm start`, which uses the pinned Node',
  );
  const driftS = Math.round(clock.driftMs() / 1000);
  add(
    'clock',
    Math.abs(driftS) < 5,
    driftS === 0
      ? 'as the machine says'
      : `the machine's clock is ${driftS} s away from where it was at start`,
    'if the machine is right now, restart; until then limits and expiry go on from the time at start',
  );
  const disk = statfsSync(installation.folder);
  const free = disk.bavail * disk.bsize;
  add(
    'disk',
    free > FREE_BYTES_MIN,
    `${Math.floor(free / 1e6)} MB free`,
    `free space on the disk of ${installation.folder}; calls are refused when the record cannot be written`,
  );
  for (const { what, detail, wide, remedy } of await exposure(control)) add(what, !wide, detail, remedy);
  add(
    'root key',
    installation.rootKey.place === 'outside' && !installation.rootKey.exposed,
    installation.rootKey.place === 'outside'
      ? installation.rootKey.exposed
        ? 'other users can read it'
        : 'outside the data folder'
      : 'beside the data',
    installation.rootKey.exposed
      ? `chmod 600 ${installation.rootKey.path}`
      : 'move the root key file out of the data folder and start with --root-key PATH',
  );
  add('record', true, `${installation.ledger.size} entries`, 'sallyport ledger verify');
  add(
    'gateway',
    control.gateway !== null,
    control.gateway ? `${control.gateway.size} workers at ${control.gatewayUrl}` : 'not running',
    'sallyport up',
  );
  for (const { index, why } of await installation.store.exchanges.leftOut())
    add(`entry ${index} of the record`, false, `is in no list: ${why}`, 'report it as a fault of Sallyport');
  for (const { name, why } of control.snapshots.quarantined)
    add(`settings of ${name}`, false, why, `mend what it names, or remove ${name} and add it again`);
  const secretOrigins = await control.secrets.list();
  for (const system of await control.systems()) {
    const { name, config } = system;
    if (config.apiKeyRef !== undefined) {
      add(
        `credential of ${name}`,
        control.references.credential(system, secretOrigins) !== null,
        config.apiKeyRef,
        `set the variable or file that ${config.apiKeyRef} names and restart; where it may not be used, \`secrets\` in sallyport.yaml allows it, or \`sallyport upstream add\``,
      );
    }
    const reach = await reachable(config.urls[0]!);
    add(
      `reach ${name}`,
      reach.ok,
      reach.detail,
      `check the address of ${name} with \`sallyport upstream list\``,
    );
  }
  const soon = (await control.apiKeys.list()).filter(
    (key) => key.revokedAt === null && Date.parse(key.expiresAt) - clock.nowMs() < 3 * 86_400_000,
  );
  add(
    'keys',
    soon.length === 0,
    soon.length === 0
      ? 'none expires within 3 days'
      : `${soon.length} expired or expiring: ${soon.map((key) => key.name).join(', ')}`,
    'sallyport key create --name NAME --systems NAME',
  );
  return found;
}

async function reachable(url: string): Promise<{ ok: boolean; detail: string }> {
  try {
    const response = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(3_000),
    });
    await response.body?.cancel();
    return { ok: true, detail: `answers with ${response.status}` };
  } catch (fault) {
    const cause = (fault as Error & { cause?: { code?: string } }).cause?.code;
    return { ok: false, detail: `no answer (${cause ?? (fault as Error).name})` };
  }
}
