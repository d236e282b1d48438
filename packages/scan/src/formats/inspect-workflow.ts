import type { Inspection } from '../inspection.ts';
import { isNamed } from '../text/addresses.ts';
import { asObject, type Json, type JsonObject } from '../text/json.ts';
import { isStrangers, type ValuePath, valuesPutInto } from './workflow-expression.ts';

/** What starts a workflow with its own rights where a stranger does something. */
const BY_STRANGERS =
  /^(?:issues|issue_comment|discussion|discussion_comment|pull_request\w{0,32}|workflow_run|workflow_call|gollum|fork|watch|merge_group)$/;
/** The same, with secrets and a token that writes, on what a stranger proposes. */
const WITH_RIGHTS = /^(?:pull_request_target|workflow_run|issue_comment)$/;
/** Inputs of actions that run what they are given. */
const RUNS_INPUT = /^(?:script|inlinescript|run|command|commands|cmd)$/i;
/** A condition that only those who belong to the project, or what they marked, meet. */
const ASKS_WHO =
  /author_association(?!\s{0,8}!=)|\b(?:github\.(?:triggering_)?actor|sender\.login|user\.login)\s{0,8}==|\blabels?\b|\bpermission|\benvironment\b/i;
/** A condition that what comes from a fork does not meet. */
const NO_FORK =
  /head(?:\.repo|_repository)\.(?:full_name|owner\.login)\s{0,8}==|==\s{0,8}github\.event\.[\w.]{1,64}head(?:\.repo|_repository)\.(?:full_name|owner\.login)|head(?:\.repo|_repository)\.fork\s{0,8}(?:==\s{0,8}false|!=\s{0,8}true)|!\s{0,8}github\.event\.[\w.]{1,64}\.fork\b|workflow_run\.(?:event|head_branch)\s{0,8}==\s{0,8}'(?!pull_request)/i;

/** What a line may do that runs nothing of what lies in the folder. */
const ONLY_READS =
  /^(?:echo|printf|cat|ls|grep|jq|test|\[{1,2}|exit|set|if|then|else|elif|fi|for|do|done|wc|head|tail|sort|uniq|diff|mkdir|cd|true|gh|git\s{1,4}(?:diff|log|show|status|fetch|rev-parse|merge-base|ls-files|config|branch))(?:\s|$)/;
const runsSomething = (script: string): boolean =>
  script.split(/\n|&&|\|\||[;|]/).some((piece) => {
    const line = piece.trim();
    return line !== '' && !/^(?:#|\w{1,64}=)/.test(line) && !ONLY_READS.test(line);
  });

const BUILDS = /(?:^\.\/|build|cargo|gradle|maven|pre-commit|cypress|autobuild|npm-publish|run-script)/i;
const HEAD =
  /\b(?:pull_request\.head|github\.head_ref|pull_request\.merge_commit_sha|workflow_run\.(?:head_sha|head_branch|head_commit|head_repository|pull_requests))|refs\/pull\//i;
const HEAD_BY_COMMAND =
  /\bgh\s{1,4}pr\s{1,4}checkout\b|\bgit\s[^\n]{0,128}\b(?:refs\/)?pull\/[^\n]{0,128}\/(?:head|merge)/;

const SENDS =
  /\b(?:curl|wget|xh|iwr|irm|invoke-webrequest|invoke-restmethod)\b[^\n]{0,1024}?(?:\s-d|\s--data|\s-F|\s--form|\s-T|--upload-file|--post-|--json|-body\b|\?[^\s]{0,256}(?:\$|=$))|\b(?:nc|ncat|netcat|socat)\s|\/dev\/tcp\/|\brequests\.(?:post|put)\b|\bfetch\s{0,4}\(|\burlopen\b/i;
/** Ways by which a text passes what masks secrets in logs. */
const DISGUISES = /\b(?:base64|base32|xxd|rev|hexdump|gzip|openssl\s{1,4}enc)\b/;
const UPLOADS = /(?:^|\/)[\w.-]{0,64}upload|gist|pastebin/i;
const TAKES_ADDRESS = /^(?:url|uri|webhook\w{0,16}|endpoint|host|address)$/i;
/** Hosts whose own address is the secret that is used there. */
const OF_WEBHOOKS = /^https:\/\/(?:discord(?:app)?\.com|hooks\.slack\.com)\//i;
const SENT_TO = /\b(?:curl|wget)\b[^\n]{0,2048}/g;
const ADDRESS = /\bhttps?:\/\/[^\s"'`|;<>]{1,1024}/gi;

const AGENTS =
  /(?:claude-code|codex|gemini|copilot|opencode|aider|ai-)[\w-]{0,32}action|run-gemini-cli|claude-code/i;
const ANYONE = /^(?:allowed_non_write_users|allow-users|allow_users|allowed_users)$/i;

const textOf = (value: Json | undefined): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
const stepsOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value)
    ? (value as readonly Json[]).map((one) => asObject(one)).filter((one) => one !== null)
    : [];

/** What starts a workflow, by the names of events, with what is said of each. */
function triggersOf(root: JsonObject): Map<string, JsonObject> {
  const on = root['on'] ?? root['true'];
  const names = Array.isArray(on)
    ? (on as readonly Json[])
    : typeof on === 'string'
      ? [on]
      : Object.keys(asObject(on) ?? {});
  return new Map(names.map((name) => [textOf(name), asObject(asObject(on)?.[textOf(name)]) ?? {}]));
}

const isAllSecrets = ([root, name]: ValuePath): boolean =>
  root === 'secrets' && (name === undefined || name === '*');

/** Variables of a workflow, a job or a step, those of what is around it behind them: whether each holds what is looked for. */
class Variables {
  readonly #own = new Map<string, boolean>();
  readonly #around: Variables | null;
  /** Whether any holds it. */
  readonly isAny: boolean;

  constructor(around: Variables | null, env: Json | undefined, isWanted: (path: ValuePath) => boolean) {
    this.#around = around;
    for (const [name, value] of Object.entries(asObject(env) ?? {}))
      this.#own.set(name.toLowerCase(), valuesPutInto(textOf(value)).some(isWanted));
    this.isAny = around?.isAny === true || [...this.#own.values()].includes(true);
  }

  holds(name: string): boolean {
    return this.#own.get(name.toLowerCase()) ?? this.#around?.holds(name) ?? false;
  }
}

/** Whether expressions of a text put in what is wanted, by a variable of the workflow too. */
const putsIn = (text: string, names: Variables, isWanted: (path: ValuePath) => boolean): boolean =>
  valuesPutInto(text).some(
    (path) => isWanted(path) || (path[0] === 'env' && path[1] !== undefined && names.holds(path[1])),
  );

const VARIABLES =
  /\$\{?(?:env:)?(\w{1,64})|%(\w{1,64})%|\b(?:environ(?:\.get)?|getenv|process\.env)[([.\s"']{1,4}(\w{1,64})/gi;
/** Whether a script takes one of these variables. */
const takes = (script: string, names: Variables): boolean =>
  names.isAny && [...script.matchAll(VARIABLES)].some(([, a, b, c]) => names.holds(a ?? b ?? c ?? ''));

/** A shell that is told to run what a variable holds. */
const RUNS_VARIABLE =
  /(?:^|[\s;&|(])(?:eval|(?:ba|z|da|k)?sh\s{1,4}-\w{0,4}c|invoke-expression|iex|source\s{1,4}<\()\s{1,4}["']?[^\n"']{0,64}?\$\{?(?:env:)?(\w{1,64})/gi;
const PIPED_VARIABLE =
  /\$\{?(\w{1,64})\}?["']?[^\n|]{0,64}\|\s{0,4}(?:sudo\s{1,4})?(?:(?:ba|z|da|k)?sh|python3?|node|perl|ruby)\s{0,4}(?:-\s{0,4})?(?:$|[\n;&|])/gm;
const runsHeld = (script: string, names: Variables): boolean =>
  names.isAny &&
  [RUNS_VARIABLE, PIPED_VARIABLE].some((pattern) =>
    [...script.matchAll(pattern)].some(([, name]) => names.holds(name!)),
  );

/** One job, or the steps of an action, and what stands around it. */
interface Job {
  readonly steps: readonly JsonObject[];
  readonly pointer: string;
  readonly condition: string;
  readonly strangers: Variables;
  readonly secrets: Variables;
  readonly triggers: ReadonlyMap<string, JsonObject>;
}

const scriptsOf = (step: JsonObject): { text: string; pointer: string }[] => {
  const scripts = [{ text: textOf(step['run']), pointer: '/run' }];
  for (const [key, value] of Object.entries(asObject(step['with']) ?? {}))
    if (RUNS_INPUT.test(key)) scripts.push({ text: textOf(value), pointer: `/with/${key}` });
  return scripts.filter(({ text }) => text !== '');
};

const INJECTED = 'puts a text that strangers write into its commands';

/** Texts of strangers within commands. */
function inspectInjection(inspection: Inspection, job: Job): void {
  const isOpen = job.triggers.size === 0 || [...job.triggers.keys()].some((name) => BY_STRANGERS.test(name));
  for (const [at, step] of job.steps.entries()) {
    const names = new Variables(job.strangers, step['env'], isStrangers);
    const isAsked = ASKS_WHO.test(`${job.condition} ${textOf(step['if'])}`);
    for (const { text, pointer } of scriptsOf(step))
      if (putsIn(text, names, isStrangers) || runsHeld(text, names))
        inspection.report(isOpen && !isAsked ? 'workflow-injection' : 'workflow-open', INJECTED, {
          pointer: `${job.pointer}/${at}${pointer}`,
        });
  }
}

/** A secret by its name that a command sends to where no one has a name. */
const sendsOne = (script: string): boolean =>
  [...script.matchAll(SENT_TO)].some(
    ([line]) =>
      valuesPutInto(line).some(([root]) => root === 'secrets') &&
      [...line.matchAll(ADDRESS)].some(
        ([address]) => !isNamed(address) && !OF_WEBHOOKS.test(address) && !address.includes('${{'),
      ) &&
      !/:\/\/(?:localhost|127\.0\.0\.1)/.test(line),
  );

/** All secrets at once that leave the workflow. */
function inspectSecrets(inspection: Inspection, job: Job): void {
  let isWritten = false;
  for (const [at, step] of job.steps.entries()) {
    const pointer = `${job.pointer}/${at}`;
    const names = new Variables(job.secrets, step['env'], isAllSecrets);
    for (const { text, pointer: inner } of scriptsOf(step)) {
      const hasAll = putsIn(text, names, isAllSecrets) || takes(text, names);
      if ((hasAll && (SENDS.test(text) || DISGUISES.test(text))) || sendsOne(text))
        inspection.report('secrets-sent', 'sends secrets or all variables to another machine', {
          pointer: `${pointer}${inner}`,
        });
      isWritten ||= hasAll && />|\btee\b|\bopen\s{0,4}\(|writeFile|out-file|set-content/i.test(text);
    }
    const uses = textOf(step['uses']);
    if (uses === '') continue;
    const inputs = Object.entries(asObject(step['with']) ?? {});
    const isHanded = inputs.some(
      ([key, value]) => !RUNS_INPUT.test(key) && putsIn(textOf(value), names, isAllSecrets),
    );
    if (isHanded && (UPLOADS.test(uses) || inputs.some(([key]) => TAKES_ADDRESS.test(key))))
      inspection.report('secrets-sent', 'hands all secrets to what sends them to another machine', {
        pointer,
      });
    else if (isHanded) inspection.report('workflow-open', 'hands all secrets to an action', { pointer });
    else if (isWritten && UPLOADS.test(uses))
      inspection.report('secrets-sent', 'writes all secrets to a file, and uploads files', { pointer });
  }
}

/** What a stranger proposes, checked out where there are rights, and run. */
function inspectCheckout(inspection: Inspection, job: Job): void {
  const trigger = [...job.triggers.keys()].find((name) => WITH_RIGHTS.test(name));
  if (trigger === undefined) return;
  const said = job.triggers.get(trigger)!;
  let isThere = false;
  let conditions = job.condition;
  for (const [at, step] of job.steps.entries()) {
    const uses = textOf(step['uses']);
    const inputs = asObject(step['with']) ?? {};
    const run = textOf(step['run']);
    const condition = textOf(step['if']);
    if (isThere && (runsSomething(run) || BUILDS.test(uses))) {
      const all = `${conditions} ${condition}`;
      if (NO_FORK.test(all)) return;
      const isGated = ASKS_WHO.test(all) || (trigger === 'workflow_run' && said['branches'] !== undefined);
      return inspection.report(
        isGated ? 'workflow-open' : 'workflow-checkout',
        'checks out what strangers propose, and runs what is in it with the rights of the project',
        { pointer: `${job.pointer}/${at}` },
      );
    }
    const isHead =
      (/(?:^|\/)checkout@/.test(uses) &&
        HEAD.test(`${textOf(inputs['ref'])} ${textOf(inputs['repository'])}`)) ||
      HEAD_BY_COMMAND.test(run) ||
      (/\bgit\s{1,4}(?:checkout|clone|fetch|pull|switch|reset)\b/.test(run) &&
        HEAD.test(
          `${run} ${Object.values(asObject(step['env']) ?? {})
            .map(textOf)
            .join(' ')}`,
        ));
    if (!isHead) continue;
    isThere = true;
    conditions += ` ${condition}`;
    // The same script may go on.
    const behind = run.split(/\bcheckout\b[^\n]{0,512}\n/).at(-1)!;
    if (behind !== run && runsSomething(behind) && !NO_FORK.test(conditions))
      return inspection.report(
        ASKS_WHO.test(conditions) ? 'workflow-open' : 'workflow-checkout',
        'checks out what strangers propose, and runs what is in it with the rights of the project',
        { pointer: `${job.pointer}/${at}` },
      );
  }
}

/** Agents that take orders from anyone who writes to the project. */
function inspectAgents(inspection: Inspection, job: Job): void {
  for (const [at, step] of job.steps.entries()) {
    const inputs = Object.entries(asObject(step['with']) ?? {});
    if (!AGENTS.test(textOf(step['uses']))) continue;
    const isForAnyone = inputs.some(([key, value]) => ANYONE.test(key) && textOf(value).trim() === '*');
    if (isForAnyone)
      inspection.report('workflow-agent', 'has an agent take orders from anyone who writes to the project', {
        pointer: `${job.pointer}/${at}`,
      });
  }
}

/** A workflow, or an action made of steps: what a stranger to the project can have it do, and secrets that leave it. */
export function inspectWorkflow(inspection: Inspection, root: JsonObject): void {
  const triggers = triggersOf(root);
  const strangers = new Variables(null, root['env'], isStrangers);
  const secrets = new Variables(null, root['env'], isAllSecrets);
  const jobs: Job[] = [];
  const add = (job: JsonObject, pointer: string): void => {
    const environment = job['environment'] === undefined ? '' : ' environment';
    jobs.push({
      steps: stepsOf(job['steps']),
      pointer: `${pointer}/steps`,
      condition: `${textOf(job['if'])}${environment}`,
      strangers: new Variables(strangers, job['env'], isStrangers),
      secrets: new Variables(secrets, job['env'], isAllSecrets),
      triggers,
    });
  };
  for (const [name, value] of Object.entries(asObject(root['jobs']) ?? {})) {
    const job = asObject(value);
    if (job) add(job, `/jobs/${name.slice(0, 64)}`);
  }
  const runs = asObject(root['runs']);
  if (runs) add(runs, '/runs');
  for (const job of jobs) {
    inspectInjection(inspection, job);
    inspectSecrets(inspection, job);
    inspectCheckout(inspection, job);
    inspectAgents(inspection, job);
  }
}
