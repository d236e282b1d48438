import { createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clock } from '@sallyport/core';
import type { Inventory } from '@sallyport/registry';
import type { ProbeName } from './evidence.ts';
import type { Installation } from './installation.ts';
import { runScanJob } from './scan-job.ts';

/** What probes of the inventory may use. */
export interface InventoryProbeContext {
  readonly installation: Installation;
  readonly inventory: () => Promise<Inventory>;
  /** Asks for a file of a data set as somebody who holds nothing on it; null where nothing is served. @returns the HTTP status */
  readonly askDataset: ((name: string, label: string) => Promise<number>) | null;
}

type Found = { passed: boolean; detail: string } | null;

/** What takes long or changes seldom is looked at this often. */
const DAILY_MS = 20 * 3_600_000;

/** Whether a probe passed within a day. */
async function isFresh({ installation }: InventoryProbeContext, name: ProbeName): Promise<boolean> {
  const last = await installation.store.events.latest('probe-completed', `probe:${name}`);
  return last?.data['passed'] === true && clock.nowMs() - Date.parse(last.at) < DAILY_MS;
}

/** Opens and hashes everything that is stored. */
async function artefactAudit(context: InventoryProbeContext): Promise<Found> {
  if ((await context.installation.store.inventory.versions()).length === 0) return null;
  if (await isFresh(context, 'artefact-audit')) return null;
  const { checked, bad } = await (await context.inventory()).audit();
  return {
    passed: bad.length === 0,
    detail:
      bad.length === 0
        ? `all ${checked} stored files of models and data were opened and hashed, and are what they were`
        : `${bad.length} of ${checked} stored files are not what they were, the first: ${bad[0]!.slice(0, 16)}…`,
  };
}

/** Looks at how every stored file begins: what lies open begins otherwise. */
async function artefactSealed({ installation, inventory }: InventoryProbeContext): Promise<Found> {
  if ((await installation.store.inventory.versions()).length === 0) return null;
  const { files, open } = await (await inventory()).unsealed();
  if (files === 0) return null;
  return {
    passed: open.length === 0,
    detail:
      open.length === 0
        ? `all ${files} stored files of models and data are sealed, each under a key of its own`
        : `${open.length} of ${files} stored files lie open, the first: ${open[0]!.slice(0, 16)}…`,
  };
}

/** Verifies the signature under the approval of everything that serves, and that its author is somebody else. */
async function approvalSignatures(context: InventoryProbeContext): Promise<Found> {
  const { inventory } = context.installation.store;
  const live = await inventory.deployments(true);
  if (live.length === 0) return null;
  const { evidenceOf, openAttestation } = await import('@sallyport/registry');
  const assets = new Map((await inventory.assets()).map((asset) => [asset.id, asset]));
  const key = createPublicKey((await context.inventory()).attestationKey);
  const without: string[] = [];
  for (const { place, digest, version: id, asset: of } of live) {
    const [version, asset] = [await inventory.versionById(id), assets.get(of)];
    const said = version && asset ? await evidenceOf(context.installation.store, asset, version) : [];
    const approvals = said.filter(({ kind }) => kind === 'approval');
    const holds = approvals.some((approval) => {
      const said = openAttestation(approval, key);
      return said?.digest === digest && said.passed && said.by !== version?.createdBy;
    });
    if (!holds) without.push(place);
  }
  return {
    passed: without.length === 0,
    detail:
      without.length === 0
        ? `everything that serves (${live.length}) has an approval of its digest, signed, by somebody other than its author`
        : `without a signed approval by somebody else serves: ${without.slice(0, 3).join(', ')}`,
  };
}

/** Asks for every data set as somebody who holds nothing on it. */
async function datasetCanary({ installation, askDataset }: InventoryProbeContext): Promise<Found> {
  if (!askDataset) return null;
  const { inventory } = installation.store;
  let asked = 0;
  const passed: string[] = [];
  for (const { id, name } of await inventory.assets('dataset')) {
    const [version] = await inventory.versions(id);
    const status = await askDataset(name, version?.label ?? 'none');
    asked++;
    if (status !== 403) passed.push(`${name} (${status})`);
  }
  if (asked === 0) return null;
  return {
    passed: passed.length === 0,
    detail:
      passed.length === 0
        ? `all ${asked} data sets were asked for by somebody who holds nothing on them, and refused`
        : `handed out to somebody who holds nothing on them, or not refused as they should be: ${passed.slice(0, 3).join(', ')}`,
  };
}

/** Seeds the use of an endpoint that nobody registered, in code and in a log, and expects both to be found. */
async function shadowSeed(context: InventoryProbeContext): Promise<Found> {
  if (await isFresh(context, 'shadow-seed')) return null;
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-seed-'));
  try {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src', 'seed.py'), 'from anthropic import Anthropic\nclient = Anthropic()\n');
    const line = '10.0.0.1 - seed [22/Nov/2025:00:00:00 +0000] "CONNECT api.mistral.ai:443 HTTP/1.1" 200 -\n';
    writeFileSync(join(folder, 'proxy.log'), line);
    const { hits = [] } = await runScanJob({
      kind: 'sources',
      paths: [join(folder, 'src')],
      logs: [join(folder, 'proxy.log')],
    });
    const inCode = hits.some(({ service, kind }) => service === 'anthropic' && kind === 'import');
    const inLog = hits.some(({ service, kind }) => service === 'mistral' && kind === 'traffic');
    return {
      passed: inCode && inLog,
      detail: `of two uses of AI that were seeded unregistered, in code and in a log, ${Number(inCode) + Number(inLog)} were found`,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Probes of models, data and the use of AI. */
export const INVENTORY_PROBES = {
  'artefact-audit': artefactAudit,
  'artefact-sealed': artefactSealed,
  'approval-signatures': approvalSignatures,
  'dataset-canary': datasetCanary,
  'shadow-seed': shadowSeed,
} as const satisfies Partial<Record<ProbeName, (context: InventoryProbeContext) => Promise<Found>>>;
