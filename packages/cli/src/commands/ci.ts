import { createHash } from 'node:crypto';
import { appendFileSync, existsSync } from 'node:fs';
import {
  atLeast,
  CodedError,
  type ControlResult,
  clock,
  type FileDetection,
  plural,
  type Severity,
  visibleJson,
} from '@sallyport/core';
import type { FileReport, ScanReport, SkippedFolder } from '@sallyport/scan';
import { resolveSecret } from '@sallyport/server/local';
import { serverRuns, withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { reliedOn } from '../judged.ts';
import { markdownCell as cell } from '../markdown.ts';
import { failOnOf, type Options } from '../options.ts';
import { Progress, print, printJson, table } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { shownPath, skippedLines, VERSION, WALK_OPTIONS, WALK_USAGE, walkOf } from '../scan-output.ts';
import { readWaivers, type Waiver, waive } from '../waivers.ts';

/** The configuration that commands take where none is named. */
const DEFAULT_CONFIG = 'sallyport.yaml';
const ROWS_MAX = 40;
/** How long the control plane may take to take a report. */
const REPORT_MS = 60_000;

/** One part of a run. */
interface Check {
  readonly name: string;
  readonly ran: boolean;
  readonly passed: boolean;
  readonly summary: string;
}

const isBad = ({ severity }: { severity: Severity }, failOn: Severity): boolean => atLeast(severity, failOn);

function judge(
  name: string,
  report: ScanReport,
  {
    failOn,
    allowIncomplete,
    waivers,
    saysUnread,
  }: {
    failOn: Severity;
    allowIncomplete: boolean;
    waivers: readonly Waiver[];
    saysUnread: (detection: FileDetection) => boolean;
  },
): { check: Check; files: FileReport[] } {
  const { files, waived } = waive(report.files, waivers);
  const bad = files.flatMap(({ detections }) => detections).filter((one) => isBad(one, failOn)).length;
  // A file whose detections are all waived is no longer held against the change.
  const open = files.filter(({ detections }) => detections.length > 0);
  const malicious = open.filter(({ verdict }) => verdict === 'malicious').length;
  // What else was found in a file makes nothing of it read.
  const incomplete = open.filter(({ detections }) => detections.some(saysUnread)).length;
  const { unrecognised } = report.summary.verdicts;
  const more = [
    ...(incomplete > 0 ? [`${incomplete} files incomplete`] : []),
    ...(report.summary.unread > 0 ? [`${report.summary.unread} of them not read`] : []),
    ...(unrecognised > 0 ? [`${unrecognised} of them not recognised`] : []),
    ...(waived > 0 ? [`${waived} waived`] : []),
  ];
  const check = {
    name,
    ran: true,
    passed: bad === 0 && malicious === 0 && (allowIncomplete || incomplete === 0),
    summary: [`${report.summary.files} files, ${bad} detections at ${failOn} or above`, ...more].join(', '),
  };
  return { check, files };
}

/**
 * Controls as they are now, of an installation that was named; a pipeline mostly has none. What lies in the working folder
 * came with the change: its configuration could send secrets of the pipeline anywhere.
 * @throws CodedError `usage`
 */
async function posture(options: Options, failOn: Severity, hasInstallation: boolean): Promise<Check> {
  if (!hasInstallation)
    return {
      name: 'posture',
      ran: false,
      passed: true,
      summary: 'no installation was named (`--data DIR`, outside of what is checked)',
    };
  if (options.config === undefined && existsSync(DEFAULT_CONFIG) && !(await serverRuns(options.data)))
    throw new CodedError(
      'usage',
      `\`${DEFAULT_CONFIG}\` lies in the working folder, and may have come with the change: name the configuration of the installation with --config`,
    );
  const { controls } = await withClient(options, (client) =>
    client.call<{ controls: ControlResult[] }>('GET', '/api/v1/posture?wait=true'),
  );
  const failing = controls.filter(
    ({ status, severity }) => status === 'failing' && atLeast(severity, failOn),
  );
  return {
    name: 'posture',
    ran: true,
    passed: failing.length === 0,
    summary:
      failing.length === 0
        ? `no control at ${failOn} or above fails`
        : `${plural(failing.length, 'control fails', 'controls fail')}: ${failing.map(({ id }) => id).join(', ')}`,
  };
}

/** What a run came to, as it is shown. */
interface Outcome {
  readonly checks: readonly Check[];
  readonly files: readonly FileReport[];
  readonly skipped: readonly SkippedFolder[];
  readonly failOn: Severity;
  readonly saysUnread: (detection: FileDetection) => boolean;
}

const resultOf = ({ ran, passed }: Check): string => (ran ? (passed ? 'passed' : 'failed') : 'not run');
/** What stops a change, and what was not read: as many as are shown. */
const shownOf = ({ files, failOn, saysUnread }: Outcome) =>
  files
    .flatMap(({ detections, verdict }) =>
      detections.filter((one) => isBad(one, failOn) || verdict === 'incomplete' || saysUnread(one)),
    )
    .slice(0, ROWS_MAX);
const placeOf = ({ path, line }: { path: string; line?: number | undefined }): string =>
  `${shownPath(path)}${line === undefined ? '' : `:${line}`}`;

function markdown(outcome: Outcome): string {
  const { checks, skipped } = outcome;
  const rows = shownOf(outcome).map(
    ({ severity, technique, message, location, remedy }) =>
      `| ${severity} | ${cell(technique)} | ${cell(placeOf(location))} | ${cell(message)} | ${cell(remedy)} |`,
  );
  return [
    '## Sallyport',
    '',
    '| check | result | |',
    '|---|---|---|',
    ...checks.map((check) => {
      const result = resultOf(check);
      return `| ${check.name} | ${result === 'failed' ? '**failed**' : result} | ${cell(check.summary)} |`;
    }),
    '',
    ...(rows.length > 0
      ? ['| severity | what | where | | what to do |', '|---|---|---|---|---|', ...rows, '']
      : []),
    ...(skipped.length > 0
      ? ['Not looked into:', '', ...skippedLines(skipped).map((line) => `- ${cell(line)}`), '']
      : []),
  ].join('\n');
}

function show(outcome: Outcome): void {
  print(
    ...table(
      ['CHECK', 'RESULT', ''],
      outcome.checks.map((one) => [one.name, resultOf(one), one.summary]),
    ),
  );
  for (const { severity, technique, message, location, remedy } of shownOf(outcome))
    print(`${severity.padEnd(8)}  ${placeOf(location)}  ${technique}: ${message}`, `          → ${remedy}`);
  const skipped = skippedLines(outcome.skipped);
  if (skipped.length > 0) print(...skipped);
}

/** Folders that were passed over, each once: the checks pass over the same. */
const skippedBy = (reports: readonly ScanReport[]): SkippedFolder[] => [
  ...new Map(reports.flatMap(({ skipped }) => skipped.map((one) => [one.path, one] as const))).values(),
];

/** Files with what was found in them, each detection once: the checks walk the same folders, and each says what it could not enter. */
function toldOnce(files: readonly FileReport[]): FileReport[] {
  const told = new Set<string>();
  return files.flatMap((file) => {
    const detections = file.detections.filter(({ technique, message, location }) => {
      const key = JSON.stringify([technique, message, location]);
      return !told.has(key) && told.add(key);
    });
    return detections.length === 0 ? [] : [{ ...file, detections }];
  });
}

/** Tells a control plane what came of it, as the service account whose key the reference names. @throws CodedError `usage` */
async function sendReport(
  url: string,
  options: Options,
  run: { passed: boolean; checks: readonly Check[]; failOn: string; files: readonly FileReport[] },
): Promise<void> {
  const token = resolveSecret(options.needed('token-ref'));
  if (token === null) throw new CodedError('usage', `\`${options.needed('token-ref')}\` holds nothing`);
  const sum = createHash('sha256');
  for (const { path, sha256 } of run.files) sum.update(`${JSON.stringify([path, sha256])}\n`);
  const answer = await fetch(new URL('/api/v1/ci-runs', url), {
    method: 'POST',
    redirect: 'error',
    signal: AbortSignal.timeout(REPORT_MS),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      reference:
        options.text('reference') ?? process.env['GITHUB_SHA'] ?? process.env['CI_COMMIT_SHA'] ?? 'unnamed',
      inputsDigest: sum.digest('hex'),
      passed: run.passed,
      failOn: run.failOn,
      checks: run.checks.map((check) => ({ ...check, summary: check.summary.slice(0, 300) })),
    }),
  });
  if (!answer.ok)
    throw new CodedError('usage', `the control plane did not take the report: it answered ${answer.status}`);
}

/** Everything that a pull request is checked for. */
export const ci: Command = {
  name: 'ci',
  usage: `ci [PATH…] ${WALK_USAGE} [--advisories DIR] [--fail-on SEVERITY] [--allow-incomplete] [--waivers FILE] [--cache DIR] [--sarif FILE] [--summary FILE] [--report URL --token-ref env:NAME --reference TEXT]`,
  summary:
    'check a pull request: model files, dependencies, secrets and AI use, controls; exit 1 at or above a severity (high)',
  options: {
    ...WALK_OPTIONS,
    advisories: { type: 'string' },
    'fail-on': { type: 'string' },
    'allow-incomplete': { type: 'boolean' },
    sarif: { type: 'string' },
    summary: { type: 'string' },
    waivers: { type: 'string' },
    cache: { type: 'string' },
    report: { type: 'string' },
    'token-ref': { type: 'string' },
    reference: { type: 'string' },
  },
  async run(options) {
    const failOn = failOnOf(options);
    const paths = options.positionals.length > 0 ? options.positionals : ['.'];
    for (const path of paths) if (!existsSync(path)) throw new CodedError('usage', `there is no \`${path}\``);
    const { advisories, hasInstallation } = reliedOn(options, paths);
    const scanner = await import('@sallyport/scan');
    const policy = {
      failOn,
      allowIncomplete: options.flag('allow-incomplete'),
      waivers: readWaivers(options.text('waivers')),
      saysUnread: scanner.saysUnread,
    };
    const progress = new Progress('files');
    const onProgress = (done: number, of: number): void => progress.update(done, of);
    const { limits, ...walk } = walkOf(options);
    const begunMs = clock.nowMs();
    /** What the next check may cost: all of them together take no longer than one may. */
    const left = (): typeof walk & { limits: typeof limits } => ({
      ...walk,
      limits:
        limits.timeMs === undefined
          ? limits
          : { ...limits, timeMs: Math.max(0, limits.timeMs - (clock.nowMs() - begunMs)) },
    });
    const models = await scanner.scanFiles(paths, {
      ...left(),
      passInstalled: true,
      onProgress,
      cache: options.text('cache'),
    });
    const database = advisories === null ? null : scanner.AdvisoryDatabase.open(advisories);
    const dependencies = await scanner.inspectDependencies(paths, database, onProgress, left());
    database?.close();
    const sources = await scanner.discover(paths, [], undefined, onProgress, left());
    progress.end();
    const judged = [
      judge('model files', models, policy),
      judge('dependencies', dependencies, policy),
      judge('secrets and AI use', sources, policy),
    ];
    const checks = [
      ...judged.map(({ check }) => check),
      { name: 'red-team regressions', ran: false, passed: true, summary: 'there are none here' },
      await posture(options, failOn, hasInstallation),
    ];
    const files = toldOnce(judged.flatMap((one) => one.files));
    const passed = checks.every((check) => check.passed);
    const sarif = options.text('sarif');
    if (sarif !== undefined)
      writeOutput(sarif, `${visibleJson(scanner.toSarif({ files, summary: models.summary }, VERSION), 2)}\n`);
    const report = options.text('report');
    if (report !== undefined)
      await sendReport(report, options, {
        passed,
        checks,
        failOn,
        files: [...models.files, ...dependencies.files],
      });
    const skipped = skippedBy([models, dependencies, sources]);
    const outcome = { checks, files, skipped, failOn, saysUnread: scanner.saysUnread };
    const text = markdown(outcome);
    const summary = options.text('summary');
    if (summary !== undefined) writeOutput(summary, text);
    const step = process.env['GITHUB_STEP_SUMMARY'];
    if (step !== undefined && step !== '') appendFileSync(step, text);
    if (options.json) printJson({ passed, checks, files, skipped });
    else show(outcome);
    return passed ? 0 : 1;
  },
};
