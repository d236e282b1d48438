import { clock, fingerprint, newEvent } from '@sallyport/core';
import type { NotedUse } from '@sallyport/store';
import type { Control } from './control.ts';

const DAY_MS = 86_400_000;

/**
 * Notes systems that are called through the gateway and that nobody answers for in the inventory: use of AI that is seen here and that
 * nobody told of. Once a day for each, as long as it goes on.
 */
export async function noteGatewayUse(control: Control): Promise<void> {
  const { store } = control.installation;
  const owned = new Set(
    (await store.inventory.assets('system')).flatMap(({ name, owner }) => (owner === null ? [] : [name])),
  );
  const known = new Map((await store.aiUses.list()).map((use) => [use.fingerprint, use]));
  const now = clock.nowIso();
  const since = new Date(clock.nowMs() - DAY_MS).toISOString();
  const uses: NotedUse[] = [];
  for (const { name, demo, config } of await control.systems()) {
    if (demo || owned.has(name)) continue;
    const { calls } = await store.exchanges.health([name], since);
    if (calls === 0) continue;
    const host = new URL(config.urls[0]!).host;
    const place = `gateway system:${name}`;
    const print = fingerprint(place, { detector: 'discovery', technique: 'traffic' }, host);
    const before = known.get(print);
    if (before && before.lastAt.slice(0, 10) === now.slice(0, 10)) continue;
    uses.push({
      fingerprint: print,
      service: `system:${name}`,
      serviceName: host,
      kind: 'traffic',
      what: host,
      place,
      line: null,
      count: calls,
      firstAt: null,
      lastAt: now,
    });
  }
  if (uses.length > 0)
    await control.installation.announce(
      newEvent('ai-uses-noted', {
        actor: 'sallyport',
        subject: 'organisation',
        data: { scan: 'gateway', uses },
      }),
    );
}
