import { createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runScanJob } from '../scan-job.ts';
import { type Found, type ProbeContext, passedToday } from './probe-context.ts';

/** Opens and hashes everything that is stored. */
export async function artefactAudit(context: ProbeContext): Promise<Found> {
  if ((await context.installation.store.inventory.versions()).length === 0) return null;
  if (await passedToday(context, 'artefact-audit')) return null;
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
export async function artefactSealed({ installation, inventory }: ProbeContext): Promise<Found> {
  if ((await installation.store.inventory.versions()).length === 0) return null;
  const { files, earlier, open } = await (await inventory()).unsealed();
  const before = earlier === 0 ? '' : `; ${earlier} as files were before: \`sallyport vault rotate files\``;
  if (files === 0) return null;
  return {
    passed: open.length === 0,
    detail:
      open.length === 0
        ? `all ${files} stored files of models and data are sealed, each under a key of its own${before}`
        : `${open.length} of ${files} stored files lie open, the first: ${open[0]!.slice(0, 16)}…`,
  };
}

/** Verifies the signature under the approval of everything that serves, and that its author is somebody else. */
export async function approvalSignatures(context: ProbeContext): Promise<Found> {
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
        ? `everything that serves (${live.length}) has a signed approval of its digest, by a person other than its author`
        : `serving without a signed approval by another person: ${without.slice(0, 3).join(', ')}`,
  };
}

/** Asks for every data set as somebody who holds nothing on it. */
export async function datasetCanary({ installation, askDataset }: ProbeContext): Promise<Found> {
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
        ? `all ${asked} data sets were asked for by a person without a role on them, and refused`
        : `handed out to a person without a role on them, or not refused as they should be: ${passed.slice(0, 3).join(', ')}`,
  };
}

/** Seeds the use of an endpoint that nobody registered, in code and in a log, and expects both to be found. */
export async function shadowSeed(context: ProbeContext): Promise<Found> {
  if (await passedToday(context, 'shadow-seed')) return null;
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
