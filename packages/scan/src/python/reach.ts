import { dangerOf } from '../pickle/danger.ts';
import { printable } from '../text/printable.ts';
import { inspectPython, isCommand, type PythonAct, pythonNames } from './inspect-python.ts';
import type { Call } from './reader.ts';

/** What a Python text reaches when it is run: commands and code, what holds all else, connections, files it takes away, objects it loads. */
export type Reach = 'runs' | 'escapes' | 'connects' | 'removes' | 'loads' | 'unread';

/** Worst first: what is told of a text that does several. */
const ORDER: readonly Reach[] = ['runs', 'escapes', 'connects', 'removes', 'loads', 'unread'];

const RUNS_TEXT = /^(?:exec|eval|execfile|__import__)$/;
const RUNS_CALLED = /^(?:compile|breakpoint)$/;
/** Attributes by which any object leads to all others. */
const ESCAPES =
  /(?:^|\.)__(?:subclasses|globals|builtins|bases?|mro|code|closure|getattribute|loader|reduce(?:_ex)?)__(?:\.|$)/;
/** Of the modules that are known to run things, those that are named for other things too. */
const ALSO_HARMLESS: ReadonlySet<string> = new Set(
  (
    'sh invoke fabric commands profile gc resource signal threading _thread concurrent multiprocessing asyncio sched psutil ' +
    'faulthandler atexit weakref uuid platform site trace tkinter turtle setuptools idlelib pydoc distutils venv numpy.testing ' +
    'numpy.distutils numpy.f2py torch.hub torch.fx torch._dynamo torch._inductor torch.package'
  ).split(' '),
);
const isAlsoHarmless = (name: string): boolean => {
  const [first, second] = name.split('.', 2);
  return ALSO_HARMLESS.has(first!) || ALSO_HARMLESS.has(`${first}.${second}`);
};
const BUILDS_CODE = /^(?:types\.(?:FunctionType|CodeType|LambdaType)|marshal\.loads?)$/;
const RUNS_OTHERS =
  /^(?:sh\.(?:bash|sh|curl|Command)|profile\.run(?:ctx)?|runpy\.\w+|torch\.(?:ops|classes)\.load_library)$/;
const IMPORTS =
  /^(?:importlib\.(?:__import__|reload|util\.(?!find_spec$)\w+|machinery\.\w+)|imp\.load_\w+|zipimport\.\w+)$/;
const PICKLES = /^(?:c?[Pp]ickle|_pickle|dill|cloudpickle|joblib|shelve|jsonpickle)\./;
const LOADS = /\.(?:loads?|open|decode|Unpickler)$/;
const LOADS_TOO = /^(?:torch\.load|(?:pandas|pd)\.read_pickle|yaml\.unsafe_load(?:_all)?)$/;
const REMOVES =
  /^(?:os\.(?:remove|unlink|rmdir|removedirs|chmod|chown|symlink|link|truncate)|shutil\.rmtree)$/;
const ALSO_LOCAL = /^(?:urllib\.(?:parse|error)|http\.HTTPStatus|fsspec|huggingface_hub|ssl)(?:\.|$)/;
const TELLS = /^(?:socket\.gethostname|requests\.exceptions\.\w+)$/;

/** Modules of which a text that hands them on whole may have anything run. */
const WHOLE = /^(?:os|subprocess|builtins|__builtins__|importlib|pty|runpy|ctypes|posix|nt)$/;

const ACTS: Readonly<Record<PythonAct, Reach | null>> = {
  decoded: 'runs',
  fetched: 'runs',
  installer: 'runs',
  'fetched-object': 'runs',
  'machine-code': 'runs',
  'shell-elsewhere': 'runs',
  'sent-away': 'runs',
  destroys: 'runs',
  'reaches-out': null,
  unread: 'unread',
};

/** Whether a call opens a file to write it that lies elsewhere than in the folder where it is run. */
function writesElsewhere(name: string, { args, named }: Call): boolean {
  const mode = (args[1] ?? named.get('mode'))?.text ?? '';
  return (
    /^(?:io\.)?open$/.test(name) &&
    /[wax+]/.test(mode) &&
    /^(?:[/~\\]|\.\.|[a-z]:)/i.test(args[0]?.text ?? '')
  );
}

/** What a name reaches that is called or, without a call, handed on. */
function reachOf(path: string, call: Call | null): Reach | null {
  let name = path;
  while (name.endsWith('.__call__')) name = name.slice(0, -'.__call__'.length);
  if (ESCAPES.test(name)) return 'escapes';
  if (name === '__import__' || name === 'importlib.import_module') {
    // A module that is named is judged by what is taken from it.
    const module = call?.args[0]?.text ?? null;
    return module === null || WHOLE.test(module) ? 'runs' : null;
  }
  if (RUNS_TEXT.test(name) || isCommand(name)) return 'runs';
  if ([BUILDS_CODE, RUNS_OTHERS, IMPORTS].some((one) => one.test(name))) return 'runs';
  if (call !== null && RUNS_CALLED.test(name)) return 'runs';
  if (name === 'torch.hub.load') return 'connects';
  if (name === 'torch.load' && call?.named.has('weights_only')) return null;
  if ((PICKLES.test(name) && LOADS.test(name)) || LOADS_TOO.test(name)) return 'loads';
  if (REMOVES.test(name) || (call !== null && writesElsewhere(name, call))) return 'removes';
  const dot = name.lastIndexOf('.');
  if (dot <= 0) return null;
  const technique = dangerOf(name.slice(0, dot), name.slice(dot + 1));
  if (technique === 'code-execution') return isAlsoHarmless(name) ? null : 'runs';
  if (technique === 'network-access' && call !== null)
    return ALSO_LOCAL.test(name) || TELLS.test(name) ? null : 'connects';
  return null;
}

/** Each in words. */
export const REACHES: Readonly<Record<Exclude<Reach, 'unread'>, string>> = {
  runs: 'runs commands or code',
  escapes: 'reaches what holds all else',
  connects: 'opens a connection',
  removes: 'takes away or changes files',
  loads: 'loads objects',
};

/** By which name it does, as a message says it; empty where it has none of its own. */
export const byName = ({ name }: Reached): string =>
  /^[\w.]+$/.test(name) ? ` (\`${printable(name)}\`)` : '';

/** The worst that a text reaches, and the name by which it does. */
interface Reached {
  readonly reach: Reach;
  readonly name: string;
  /** Where its statement stands. */
  readonly offset: number;
}

/**
 * The worst that Python reaches when it is run; null where it is nothing that is known.
 * @param goOn asked between statements
 * @param names what names stand for, where several texts share them
 */
export function worstReach(text: string, goOn: () => boolean, names = pythonNames()): Reached | null {
  let worst: Reached | null = null;
  const tell = (reach: Reach | null, name: string, offset: number): void => {
    if (reach === null) return;
    if (worst === null || ORDER.indexOf(reach) < ORDER.indexOf(worst.reach)) worst = { reach, name, offset };
  };
  inspectPython(
    text,
    (act, offset) => tell(ACTS[act], act, offset),
    goOn,
    (path, call, offset) =>
      tell(call === null && WHOLE.test(path) ? 'runs' : reachOf(path, call), path, offset),
    names,
  );
  return worst;
}
