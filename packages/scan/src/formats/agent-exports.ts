import type { Inspection } from '../inspection.ts';
import { dangerOf } from '../pickle/danger.ts';
import { inspectTemplate } from '../templates/inspect-template.ts';
import { asObject, type Json, type JsonObject } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import { reportCommand } from './command-reports.ts';
import { type Evaluated, reportEvaluated } from './evaluated.ts';
import { inspectDescription } from './prompt.ts';
import { reportPython } from './python-acts.ts';
import { reportStarted } from './started-programs.ts';

/** What a tool is written for is no harm: it is called when a model asks for it. */
const TOOL: Evaluated = {
  what: 'source_code',
  told: {
    runs: ['remote-code', 'has commands or code run'],
    connects: null,
    removes: null,
  },
};
/** Modules that AutoGen takes its own components from. */
const OWN_COMPONENTS = /^(?:autogen_(?:core|agentchat|ext|studio|studio_ext)|autogenstudio)\./;
const LOCAL_COMMANDS = /(?:^|\.)LocalCommandLineCodeExecutor$/;
const MODULE = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const NAME = /^[A-Za-z_]\w*(?:\s+as\s+[A-Za-z_]\w*)?$/;

const isName = (value: Json | undefined): boolean => typeof value === 'string' && NAME.test(value);
const isAlias = (value: Json): boolean => {
  const fields = asObject(value);
  return fields === null
    ? isName(value)
    : isName(fields['name']) && isName(fields['alias'] ?? fields['name']);
};

/** An import that a function tool is given: it is put together as a line of Python, and run. */
const isImport = (value: Json): boolean => {
  if (typeof value === 'string') return MODULE.test(value);
  const fields = asObject(value);
  const module = fields?.['module'] ?? fields?.['name'];
  if (typeof module !== 'string' || !MODULE.test(module)) return false;
  const names = fields?.['imports'] ?? [];
  return (
    Array.isArray(names) && (names as readonly Json[]).every(isAlias) && isName(fields?.['alias'] ?? 'a')
  );
};

/** A component of AutoGen: its class is imported by its name, and a tool brings its source. */
function inspectComponent(inspection: Inspection, object: JsonObject, pointer: string): void {
  const { provider, config } = object;
  const fields = asObject(config);
  if (typeof provider !== 'string' || !fields) return;
  if (object['component_type'] === undefined && typeof fields['source_code'] !== 'string') return;
  if (!OWN_COMPONENTS.test(provider) && MODULE.test(provider) && provider.includes('.')) {
    const dot = provider.lastIndexOf('.');
    const danger = dangerOf(provider.slice(0, dot), provider.slice(dot + 1));
    inspection.report(danger ? 'config-execution' : 'config-target', `makes \`${printable(provider)}\``, {
      pointer: `${pointer}/provider`,
    });
  }
  if (LOCAL_COMMANDS.test(provider))
    inspection.report('config-code', 'has code of a model run on this machine', { pointer });
  const source = fields['source_code'];
  if (typeof source === 'string') {
    const place = { pointer: `${pointer}/config/source_code` };
    if (!reportEvaluated(inspection, source, place, TOOL))
      inspection.report('config-code', 'brings a tool with its source', place);
    const imports = fields['global_imports'];
    for (const one of Array.isArray(imports) ? (imports as readonly Json[]) : [])
      if (!isImport(one))
        inspection.report('config-execution', 'has a line of Python where an import is due', {
          pointer: `${pointer}/config/global_imports`,
        });
  }
}

/** What LangChain makes out of a document that runs commands or code. */
const RUNS_CODE =
  /^(?:PythonREPL|PythonAstREPLTool|PythonREPLTool|PythonRepl|ShellTool|BashProcess|Bash|LLMBashChain|PALChain|PythonAstREPL|RestrictedPython\w*)$/;

/** A constructor of LangChain: `{"lc": 1, "type": "constructor", "id": [...]}`. */
function inspectConstructor(inspection: Inspection, object: JsonObject, pointer: string): void {
  const { id, type } = object;
  if (object['lc'] === undefined || type !== 'constructor' || !Array.isArray(id)) return;
  const path = (id as readonly Json[]).filter((one) => typeof one === 'string');
  const name = path.join('.');
  if (!/^(?:langchain|langgraph)/.test(path[0] ?? ''))
    inspection.report('config-target', `makes \`${printable(name)}\`, which is not of LangChain`, {
      pointer,
    });
  else if (RUNS_CODE.test(path.at(-1) ?? ''))
    inspection.report('config-target', `makes \`${printable(name)}\`, which runs commands or code`, {
      pointer,
    });
}

const PYTHON = /(?:^|[\\/])python[\d.]{0,6}(?:\.exe)?$/;

/** A program with its arguments, as servers of tools and hooks are started. */
function inspectStart(inspection: Inspection, object: JsonObject, pointer: string): void {
  const { command, args } = object;
  if (typeof command !== 'string' && !Array.isArray(command)) return;
  const words = [command, args].flat().filter((one) => typeof one === 'string');
  reportCommand(inspection, words.join(' '), { pointer });
  const at = words.findIndex((one, index) => index > 0 && one === '-c');
  const code = words[at + 1];
  if (at > 0 && code !== undefined && words.slice(0, at).some((one) => PYTHON.test(one)))
    reportPython(inspection, code, () => ({ pointer }), false);
}

/** What npm runs by itself when a package is installed. */
const AT_INSTALL = [
  'preinstall',
  'install',
  'postinstall',
  'preprepare',
  'prepare',
  'postprepare',
  'prepublish',
];

/** A script that a script runs by its name. */
const SCRIPT =
  /\b(?:npm|pnpm|yarn|bun)\s{1,4}(?:run(?:-script)?\s{1,4})?(?:-\S{1,32}\s{1,4}){0,4}([\w:.-]{1,128})/g;

/** Commands that installing a package of npm runs, also by the names of other scripts. */
export function inspectPackageScripts(inspection: Inspection, root: JsonObject): void {
  const scripts = asObject(root['scripts']) ?? {};
  const keys = new Set(AT_INSTALL);
  for (const key of keys) {
    const script = Object.hasOwn(scripts, key) ? scripts[key] : undefined;
    if (typeof script !== 'string') continue;
    const place = { pointer: `/scripts/${key}` };
    reportCommand(inspection, script, place);
    reportStarted(inspection, script, place);
    for (const [, name] of script.matchAll(SCRIPT))
      for (const one of ['pre', '', 'post']) keys.add(one + name);
  }
}

/** A task of an editor that runs as soon as its folder is opened. */
function inspectTask(inspection: Inspection, object: JsonObject, pointer: string): void {
  if (asObject(object['runOptions'])?.['runOn'] === 'folderOpen')
    inspection.report('config-code', 'runs a task as soon as the folder is opened', { pointer });
}

/** A prompt of LangChain in Jinja: its texts are filled in without a sandbox in old versions. */
function inspectPromptTemplate(inspection: Inspection, object: JsonObject, pointer: string): void {
  if (object['template_format'] !== 'jinja2') return;
  for (const key of ['template', 'prefix', 'suffix'])
    if (typeof object[key] === 'string')
      inspectTemplate(inspection, object[key], { pointer: `${pointer}/${key}` });
}

/** A tool as it is described to a model, which takes its description for the word of its operator. */
function inspectTool(inspection: Inspection, object: JsonObject, pointer: string): void {
  const { name, description } = object;
  if (typeof name !== 'string' || typeof description !== 'string') return;
  if (object['inputSchema'] === undefined && object['input_schema'] === undefined) return;
  inspectDescription(inspection, description, { pointer: `${pointer}/description` });
}

/** Code in nodes of workflows: Langflow keeps the source of each part, Dify and n8n that of nodes for code. */
function inspectNode(inspection: Inspection, object: JsonObject, pointer: string): void {
  const code = asObject(asObject(object['template'])?.['code']);
  if (code && typeof code['value'] === 'string' && code['type'] === 'code')
    reportPython(inspection, code['value'], () => ({ pointer: `${pointer}/template/code` }), false);
  const language = object['code_language'];
  if (typeof object['code'] === 'string' && typeof language === 'string' && language.startsWith('python'))
    reportPython(inspection, object['code'], () => ({ pointer: `${pointer}/code` }), false);
  const parameters = asObject(object['parameters']);
  if (!parameters || typeof object['type'] !== 'string') return;
  if (typeof parameters['pythonCode'] === 'string')
    reportPython(inspection, parameters['pythonCode'], () => ({ pointer: `${pointer}/parameters` }), false);
  if (/\.(?:executeCommand|ssh)$/.test(object['type']) && typeof parameters['command'] === 'string')
    reportCommand(inspection, parameters['command'], { pointer: `${pointer}/parameters` });
}

/** Switches by which libraries are told to run or load what they are given. */
const SWITCHES = [
  'allow_dangerous_code',
  'allow_dangerous_deserialization',
  'allow_dangerous_requests',
  'allow_code_execution',
];

/** Agents, tools and workflows as their makers export them: parts that bring code, name code or start programs. */
export function inspectAgentExport(inspection: Inspection, object: JsonObject, pointer: string): void {
  inspectComponent(inspection, object, pointer);
  inspectConstructor(inspection, object, pointer);
  inspectStart(inspection, object, pointer);
  inspectTask(inspection, object, pointer);
  inspectPromptTemplate(inspection, object, pointer);
  inspectTool(inspection, object, pointer);
  inspectNode(inspection, object, pointer);
  for (const key of SWITCHES)
    if (object[key] === true)
      inspection.report('unsafe-loading', `switches off a guard (\`${key}\`)`, {
        pointer: `${pointer}/${key}`,
      });
}
