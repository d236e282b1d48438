import { isNamedDanger } from '../pickle/danger.ts';

/**
 * Functions that run, fetch, read or write what they are told. Where a name need not be one of code, and behind the name of a library,
 * these count and no others: modules are called like parts of libraries, and like what is measured (`signal.strength`).
 */
const ROWS =
  'subprocess:Popen,run,call,check_call,check_output,getoutput,getstatusoutput pty:spawn runpy:run_path,run_module ' +
  'importlib:import_module,__import__,reload code:interact,InteractiveConsole,InteractiveInterpreter pdb:run,runeval,runcall,set_trace ' +
  'cProfile:run,runctx profile:run,runctx trace:Trace timeit:timeit,repeat bdb:Bdb webbrowser:open,open_new,open_new_tab ' +
  'os:system,execl,execle,execlp,execlpe,execv,execve,execvp,execvpe,spawnl,spawnle,spawnv,spawnve,fork ' +
  'os:remove,unlink,rmdir,removedirs,rename,renames,replace,open,makedirs,mkdir,symlink,link,chmod,chown,putenv,truncate ' +
  'posix:open,unlink,remove,rename,symlink nt:open,unlink,remove,rename shutil:rmtree,move,copy,copy2,copyfile,copytree,unpack_archive ' +
  'io:open,open_code,FileIO _io:open,open_code,FileIO pickle:load,loads,Unpickler _pickle:load,loads,Unpickler cPickle:load,loads ' +
  'dill:load,loads,load_module cloudpickle:load,loads marshal:load,loads shelve:open ctypes:CDLL,PyDLL,WinDLL,OleDLL,cdll,windll ' +
  'socket:socket,create_connection,create_server urllib.request:urlopen,urlretrieve requests:get,post,put,patch,delete,head,request ' +
  'httpx:get,post,put,patch,delete,head,request types:FunctionType,CodeType,LambdaType operator:attrgetter,methodcaller ' +
  'functools:reduce pip:main pip._internal:main pkgutil:resolve_name zipfile:ZipFile,PyZipFile tarfile:open,TarFile sqlite3:connect ' +
  'torch.hub:load,load_state_dict_from_url,download_url_to_file hydra.utils:call,instantiate,get_method,get_class,get_object,get_static_method ' +
  'fabric:Connection sh:Command invoke:run threading:Thread,Timer multiprocessing:Process,Pool asyncio:run,create_subprocess_exec ' +
  'asyncio:create_subprocess_shell site:addsitedir,execsitecustomize smtplib:SMTP,SMTP_SSL ftplib:FTP telnetlib:Telnet ' +
  'http.client:HTTPConnection,HTTPSConnection logging:FileHandler logging.config:dictConfig,fileConfig,listen ' +
  'platform:popen zipimport:zipimporter tempfile:NamedTemporaryFile linecache:getline glob:glob';
const HARMFUL = new Set(
  ROWS.split(' ').flatMap((row) => {
    const [module, names] = row.split(':') as [string, string];
    return names.split(',').map((name) => `${module}.${name}`);
  }),
);

/** Modules of Python that no library calls a part of its own: what is named behind one is reached through what imported it. */
const FOREIGN = new Set(
  (
    'os posix nt sys subprocess shutil builtins __builtins__ ctypes _ctypes pickle _pickle cPickle marshal importlib pty runpy socket ' +
    'pathlib tempfile zipfile tarfile popen2 pexpect webbrowser dill cloudpickle shelve'
  ).split(' '),
);
/** Parts and characters of a name that is looked through: a longer one goes in circles, from library to library. */
const PARTS_MAX = 32;
const CHARACTERS_MAX = 1024;

/** Names within libraries that run what they are told. */
const RUNS =
  /REPL|(?:^|[._])repl(?:[._]|$)|(?:^|[._])shell(?:[._]|$)|Shell(?![a-z])|Bash(?![a-z])|dynamic_module|func_load/;
/** The same as words of the name of a function. */
const RUNS_WORDS =
  /^(?:eval|exec|execute|system|popen|spawn|shell|import|unpack|unpickle|subprocess|marshal|rmtree)$/;
/** Words of functions that fetch, read, write or call. */
const REACHES_WORDS =
  /^(?:download|fetch|extract|load|loads|run|call|open|copy|move|remove|delete|unlink|write|save)$/;

/** Whether a dotted name is, anywhere in it, one of a function that does harm with what it is told. */
export function namesHarm(name: string): boolean {
  if (name.length > CHARACTERS_MAX) return true;
  const parts = name.split('.');
  if (parts.length > PARTS_MAX) return true;
  for (let start = 0; start < parts.length; start++)
    for (let end = start + 1; end < parts.length; end++) {
      const module = parts.slice(start, end).join('.');
      if (HARMFUL.has(`${module}.${parts[end]!}`) || isNamedDanger(module, parts.slice(end).join('.')))
        return true;
    }
  return false;
}

/** Whether a name of a library leads out of it, into a module that it imported. */
export const leadsOut = (name: string): boolean => {
  const [, ...parts] = name.split('.');
  return parts.slice(0, -1).some((part) => FOREIGN.has(part));
};

/** What a function of a library does by the words of its name: runs what it is told, or fetches, reads, writes or calls. */
export function actOf(name: string): 'runs' | 'reaches' | null {
  if (RUNS.test(name)) return 'runs';
  const last = name.slice(name.lastIndexOf('.') + 1);
  if (/[A-Z]/.test(last)) return null;
  const words = last.split('_');
  if (words.some((word) => RUNS_WORDS.test(word))) return 'runs';
  return words.some((word) => REACHES_WORDS.test(word)) ? 'reaches' : null;
}
