import type { ParseArgsConfig } from 'node:util';
import type { Options } from './options.ts';

/** One command. */
export interface Command {
  /** Words that call it, such as `key create`. */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly options?: NonNullable<ParseArgsConfig['options']>;
  /** @returns the exit code */
  run(options: Options): Promise<number>;
}

/** Words that call a command, and where it is: one that runs for file after file or for months loads none of the others. */
export interface CommandRow {
  readonly name: string;
  load(): Promise<Command>;
}

/** Every command. A new one is a file and a row here. */
export const COMMANDS: readonly CommandRow[] = [
  { name: 'up', load: async () => (await import('./commands/up.ts')).up },
  { name: 'upstream add', load: async () => (await import('./commands/upstream.ts')).upstreamAdd },
  { name: 'upstream edit', load: async () => (await import('./commands/upstream.ts')).upstreamEdit },
  { name: 'upstream list', load: async () => (await import('./commands/upstream.ts')).upstreamList },
  { name: 'upstream test', load: async () => (await import('./commands/upstream.ts')).upstreamTest },
  { name: 'upstream remove', load: async () => (await import('./commands/upstream.ts')).upstreamRemove },
  { name: 'upstream mode', load: async () => (await import('./commands/upstream.ts')).upstreamMode },
  { name: 'key create', load: async () => (await import('./commands/key.ts')).keyCreate },
  { name: 'key list', load: async () => (await import('./commands/key.ts')).keyList },
  { name: 'key owner', load: async () => (await import('./commands/key.ts')).keyOwner },
  { name: 'key revoke', load: async () => (await import('./commands/key.ts')).keyRevoke },
  { name: 'key rotate', load: async () => (await import('./commands/key.ts')).keyRotate },
  { name: 'user list', load: async () => (await import('./commands/user.ts')).userList },
  { name: 'user add', load: async () => (await import('./commands/user.ts')).userAdd },
  { name: 'user grant', load: async () => (await import('./commands/user.ts')).userGrant },
  { name: 'user ungrant', load: async () => (await import('./commands/user.ts')).userUngrant },
  { name: 'user disable', load: async () => (await import('./commands/user.ts')).userDisable },
  { name: 'user enable', load: async () => (await import('./commands/user.ts')).userEnable },
  { name: 'user same', load: async () => (await import('./commands/user.ts')).userSame },
  { name: 'user link', load: async () => (await import('./commands/user.ts')).userLink },
  { name: 'program list', load: async () => (await import('./commands/program.ts')).programList },
  { name: 'program add', load: async () => (await import('./commands/program.ts')).programAdd },
  { name: 'program owner', load: async () => (await import('./commands/program.ts')).programOwner },
  { name: 'program key', load: async () => (await import('./commands/program.ts')).programKey },
  { name: 'program disable', load: async () => (await import('./commands/program.ts')).programDisable },
  { name: 'program enable', load: async () => (await import('./commands/program.ts')).programEnable },
  { name: 'policy test', load: async () => (await import('./commands/policy.ts')).policyTest },
  { name: 'policy explain', load: async () => (await import('./commands/policy.ts')).policyExplain },
  { name: 'integration list', load: async () => (await import('./commands/integration.ts')).integrationList },
  {
    name: 'integration propose',
    load: async () => (await import('./commands/integration.ts')).integrationPropose,
  },
  {
    name: 'integration suspend',
    load: async () => (await import('./commands/integration.ts')).integrationSuspend,
  },
  { name: 'integration end', load: async () => (await import('./commands/integration.ts')).integrationEnd },
  { name: 'review list', load: async () => (await import('./commands/review.ts')).reviewList },
  { name: 'review open', load: async () => (await import('./commands/review.ts')).reviewOpen },
  { name: 'review show', load: async () => (await import('./commands/review.ts')).reviewShow },
  { name: 'vault list', load: async () => (await import('./commands/vault.ts')).vaultList },
  { name: 'vault rotate', load: async () => (await import('./commands/vault.ts')).vaultRotate },
  { name: 'vault identity', load: async () => (await import('./commands/seal.ts')).vaultIdentity },
  { name: 'seal', load: async () => (await import('./commands/seal.ts')).sealCommand },
  { name: 'open', load: async () => (await import('./commands/seal.ts')).openCommand },
  { name: 'backup', load: async () => (await import('./commands/backup.ts')).backup },
  { name: 'backup drill', load: async () => (await import('./commands/backup.ts')).backupDrill },
  { name: 'backup list', load: async () => (await import('./commands/backup.ts')).backupList },
  { name: 'restore', load: async () => (await import('./commands/backup.ts')).restore },
  { name: 'state', load: async () => (await import('./commands/state.ts')).stateList },
  { name: 'state compact', load: async () => (await import('./commands/state.ts')).stateCompact },
  { name: 'state accept', load: async () => (await import('./commands/state.ts')).stateAccept },
  { name: 'prices import', load: async () => (await import('./commands/prices.ts')).pricesImport },
  { name: 'prices list', load: async () => (await import('./commands/prices.ts')).pricesList },
  { name: 'hold list', load: async () => (await import('./commands/hold.ts')).holdList },
  { name: 'hold place', load: async () => (await import('./commands/hold.ts')).holdPlace },
  { name: 'hold lift', load: async () => (await import('./commands/hold.ts')).holdLift },
  { name: 'tls probe', load: async () => (await import('./commands/tls.ts')).tlsProbe },
  { name: 'tls authority', load: async () => (await import('./commands/tls.ts')).tlsAuthority },
  { name: 'vault split', load: async () => (await import('./commands/vault.ts')).vaultSplit },
  { name: 'vault shred', load: async () => (await import('./commands/vault.ts')).vaultShred },
  { name: 'crypto-bom', load: async () => (await import('./commands/crypto-bom.ts')).cryptoBom },
  { name: 'ledger verify', load: async () => (await import('./commands/ledger-verify.ts')).ledgerVerify },
  { name: 'ledger fill', load: async () => (await import('./commands/ledger-fill.ts')).ledgerFill },
  { name: 'ledger prove', load: async () => (await import('./commands/ledger-prove.ts')).ledgerProve },
  {
    name: 'ledger verify-proof',
    load: async () => (await import('./commands/ledger-prove.ts')).ledgerVerifyProof,
  },
  { name: 'witness', load: async () => (await import('./commands/witness.ts')).witness },
  { name: 'ledger show', load: async () => (await import('./commands/ledger-show.ts')).ledgerShow },
  { name: 'posture', load: async () => (await import('./commands/posture.ts')).posture },
  { name: 'alert list', load: async () => (await import('./commands/alert.ts')).alertList },
  { name: 'alert acknowledge', load: async () => (await import('./commands/alert.ts')).alertAcknowledge },
  { name: 'call', load: async () => (await import('./commands/call.ts')).call },
  { name: 'guard check', load: async () => (await import('./commands/guard-check.ts')).guardCheck },
  { name: 'guard rules', load: async () => (await import('./commands/guard-rules.ts')).guardRules },
  { name: 'guard learn', load: async () => (await import('./commands/guard-learn.ts')).guardLearn },
  {
    name: 'guard learn-texts',
    load: async () => (await import('./commands/guard-learn-texts.ts')).guardLearnTexts,
  },
  { name: 'classifier', load: async () => (await import('./commands/classifier.ts')).classifier },
  { name: 'scan', load: async () => (await import('./commands/scan.ts')).scan },
  { name: 'dependencies', load: async () => (await import('./commands/dependencies.ts')).dependencies },
  { name: 'discover', load: async () => (await import('./commands/discover.ts')).discover },
  {
    name: 'advisories import',
    load: async () => (await import('./commands/dependencies.ts')).advisoriesImport,
  },
  { name: 'inventory list', load: async () => (await import('./commands/model.ts')).inventoryList },
  { name: 'inventory set', load: async () => (await import('./commands/model.ts')).inventorySet },
  { name: 'model show', load: async () => (await import('./commands/model.ts')).modelShow },
  { name: 'model register', load: async () => (await import('./commands/model.ts')).modelRegister },
  { name: 'model sign', load: async () => (await import('./commands/model-signature.ts')).modelSign },
  { name: 'model verify', load: async () => (await import('./commands/model-signature.ts')).modelVerify },
  { name: 'model promote', load: async () => (await import('./commands/model.ts')).modelPromote },
  { name: 'model rollback', load: async () => (await import('./commands/model.ts')).modelRollback },
  { name: 'model withdraw', load: async () => (await import('./commands/model.ts')).modelWithdraw },
  { name: 'model load', load: async () => (await import('./commands/model.ts')).modelLoad },
  { name: 'model test', load: async () => (await import('./commands/model.ts')).modelTest },
  { name: 'finding list', load: async () => (await import('./commands/finding.ts')).findingList },
  { name: 'finding assign', load: async () => (await import('./commands/finding.ts')).findingAssign },
  { name: 'rescan', load: async () => (await import('./commands/finding.ts')).rescan },
  { name: 'source list', load: async () => (await import('./commands/origin.ts')).sourceList },
  { name: 'source propose', load: async () => (await import('./commands/origin.ts')).sourcePropose },
  { name: 'source end', load: async () => (await import('./commands/origin.ts')).sourceEnd },
  { name: 'ai-use list', load: async () => (await import('./commands/origin.ts')).useList },
  { name: 'ai-use decide', load: async () => (await import('./commands/origin.ts')).useDecide },
  { name: 'lineage show', load: async () => (await import('./commands/origin.ts')).lineageShow },
  { name: 'lineage import', load: async () => (await import('./commands/origin.ts')).lineageImport },
  { name: 'assess', load: async () => (await import('./commands/origin.ts')).assess },
  { name: 'ci', load: async () => (await import('./commands/ci.ts')).ci },
  { name: 'doctor', load: async () => (await import('./commands/doctor.ts')).doctor },
  { name: 'reload', load: async () => (await import('./commands/reload.ts')).reload },
  { name: 'schema', load: async () => (await import('./commands/schema.ts')).schema },
];

/** The command that begins a command line, and what follows it. */
export function findCommand(argv: readonly string[]): { row: CommandRow; rest: readonly string[] } | null {
  let found: { row: CommandRow; rest: readonly string[] } | null = null;
  for (const row of COMMANDS) {
    const words = row.name.split(' ');
    if (!words.every((word, i) => argv[i] === word)) continue;
    const rest = argv.slice(words.length);
    if (!found || rest.length < found.rest.length) found = { row, rest };
  }
  return found;
}
