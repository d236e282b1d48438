import type { TechniqueName } from '../techniques.ts';

/**
 * What known names do, for saying it in words. Nothing is let through for want of a row here: what is not on the
 * allow-list is suspicious; a row only makes it worse. A module stands for all below it, `module:name,name` for these.
 */
const ROWS: readonly (readonly [TechniqueName, string])[] = [
  [
    'code-execution',
    'subprocess commands popen2 pty runpy code:interact,Interactive*,compile_command codeop bdb pdb trace timeit profile cProfile doctest pydoc idlelib',
  ],
  [
    'code-execution',
    'os:system,popen,popen2,popen3,popen4,spawn*,exec*,posix_spawn*,startfile,fork*,kill,killpg,abort,_exit',
  ],
  [
    'code-execution',
    'posix:system,popen,spawn*,exec*,posix_spawn*,fork*,kill,killpg,abort,_exit nt:system,popen,spawn*,exec*,startfile',
  ],
  [
    'code-execution',
    'builtins:eval,exec,execfile,compile,breakpoint,input,help multiprocessing asyncio concurrent threading _thread sched signal',
  ],
  [
    'code-execution',
    'distutils setuptools:* pip ensurepip venv zipapp lib2to3 cgitb rlcompleter antigravity ctypes _ctypes cffi',
  ],
  [
    'code-execution',
    'numpy.testing:* numpy.distutils numpy.f2py torch.utils.cpp_extension torch.hub torch.package torch.fx torch._dynamo torch._inductor',
  ],
  [
    'code-execution',
    'IPython pexpect paramiko fabric invoke sh plumbum psutil webbrowser tkinter turtle platform:popen,_syscmd_* uuid:_* mailcap',
  ],
  [
    'code-execution',
    'faulthandler resource gc:callbacks atexit weakref:finalize site sitecustomize numexpr:evaluate,* pandas:eval pandas.core.computation',
  ],
  [
    'code-building',
    'types new dill cloudpickle marshal _pyio:* copyreg:add_extension,pickle,constructor,remove_extension dis inspect ast opcode symtable',
  ],
  [
    'attribute-access',
    'builtins:getattr,setattr,delattr,vars,dir,globals,locals,super,property,classmethod,staticmethod,hasattr,callable,type,memoryview',
  ],
  [
    'attribute-access',
    'builtins:map,filter,zip,reduce,apply,iter,next,any,all,sum,min,max,sorted,enumerate,reversed,id,hash,repr,format,ascii,chr,ord,print,__build_class__',
  ],
  [
    'attribute-access',
    'operator _operator functools:reduce,wraps,update_wrapper,lru_cache,cached_property,singledispatch* itertools:starmap,accumulate,takewhile,dropwhile,filterfalse,groupby',
  ],
  [
    'module-import',
    'importlib _frozen_importlib _frozen_importlib_external _imp imp pkgutil zipimport modulefinder builtins:__import__,__loader__ builtins:__spec__ pydoc:locate,safeimport',
  ],
  ['module-import', 'pkg_resources stevedore pluggy entrypoints hydra cloudpickle.cloudpickle:subimport'],
  [
    'file-access',
    'builtins:open,file io _io os posix nt shutil glob fileinput tempfile linecache filecmp zipfile tarfile gzip bz2 lzma zipimport mmap fcntl',
  ],
  [
    'file-access',
    'pathlib:Path.* pathlib:PosixPath.* pathlib:WindowsPath.* codecs:open,EncodedFile logging configparser csv sqlite3 dbm mailbox netrc plistlib',
  ],
  [
    'file-access',
    'numpy:fromfile,tofile,memmap,savetxt,loadtxt,genfromtxt,save,savez,savez_compressed,fromregex,DataSource,lib.npyio.* numpy.lib:*',
  ],
  [
    'file-access',
    'pandas:read_*,ExcelFile,ExcelWriter,HDFStore,to_pickle pandas.io torch:save torch.utils.data:* safetensors:* PIL.Image:open joblib.memory:*',
  ],
  [
    'network-access',
    'socket _socket ssl socketserver urllib urllib2 urllib3 requests httpx aiohttp http httplib ftplib smtplib smtpd poplib imaplib telnetlib nntplib xmlrpc',
  ],
  [
    'network-access',
    'websocket websockets boto3 botocore s3fs fsspec gcsfs huggingface_hub wget pycurl select selectors asyncore asynchat wsgiref',
  ],
  [
    'nested-loading',
    'pickle _pickle cPickle shelve joblib:load joblib.numpy_pickle:load,load_temporary_memmap,NumpyUnpickler joblib.numpy_pickle_compat numpy:load torch:load torch.jit:load',
  ],
  [
    'nested-loading',
    'torch.serialization:load,_load,_legacy_load torch._utils_internal:* yaml:load,unsafe_load,full_load,load_all,unsafe_load_all jsonpickle keras.models:load_model keras.saving:*',
  ],
  [
    'nested-loading',
    'dill:load,loads dill._dill:load,loads cloudpickle:load,loads pandas:read_pickle pandas.compat.pickle_compat tensorflow:* tf_keras:* xmlrpc.client:loads mlflow:* skops.io:*',
  ],
  [
    'process-tampering',
    'sys builtins:exit,quit,__debug__ os:environ,putenv,unsetenv,environ.* warnings gc _xxsubinterpreters _interpreters sysconfig',
  ],
];

interface Names {
  readonly technique: TechniqueName;
  readonly names: readonly string[] | null;
}

const BY_MODULE = new Map<string, Names[]>();
for (const [technique, text] of ROWS)
  for (const one of text.split(' ')) {
    const [module, names] = one.split(':') as [string, string?];
    const rows = BY_MODULE.get(module) ?? [];
    rows.push({ technique, names: names === undefined ? null : names.split(',') });
    BY_MODULE.set(module, rows);
  }

const covers = (pattern: string, name: string): boolean =>
  pattern.endsWith('*')
    ? name.startsWith(pattern.slice(0, -1))
    : name === pattern || name.startsWith(`${pattern}.`);

/** Whether a row has a name by itself, and not for its module or its beginning. */
export const isNamedDanger = (module: string, name: string): boolean =>
  BY_MODULE.get(module)?.some(({ names }) =>
    names?.some((pattern) => !pattern.endsWith('*') && covers(pattern, name)),
  ) ?? false;

const MODULE_CHARACTERS_MAX = Math.max(...[...BY_MODULE.keys()].map(({ length }) => length));

/** What rows say of a name, from its module or one above it. */
function dangerIn(module: string, name: string): TechniqueName | null {
  for (let end = module.length; end > 0; end = module.lastIndexOf('.', end - 1)) {
    const rows = end > MODULE_CHARACTERS_MAX ? undefined : BY_MODULE.get(module.slice(0, end));
    if (!rows) continue;
    for (const { technique, names } of rows)
      if (names?.some((pattern) => end === module.length && covers(pattern, name))) return technique;
    for (const { technique, names } of rows) if (names === null) return technique;
  }
  return null;
}

/** What is known of a name, from its module or one above it; a dotted name may reach another module. */
export function dangerOf(module: string, name: string): TechniqueName | null {
  const own = dangerIn(module, name);
  if (own !== null) return own;
  // `torch.serialization` + `os.system`: a module reached through another that imported it.
  let start = 0;
  for (let at = name.indexOf('.'); at > 0; at = name.indexOf('.', start)) {
    const found = dangerIn(name.slice(start, at), name.slice(at + 1));
    if (found !== null) return found;
    start = at + 1;
  }
  return start > 0 && name.split('.').some((part) => /^__\w+__$/.test(part)) ? 'attribute-access' : null;
}
