import { tableOf } from '@sallyport/core';

/**
 * Modules that Python 3 knows under another name: what protocols 0 to 2 say is looked up under it when a stream is loaded
 * (CPython `Lib/_compat_pickle.py`).
 */
const MODULES: Readonly<Record<string, string>> = tableOf({
  __builtin__: 'builtins',
  copy_reg: 'copyreg',
  Queue: 'queue',
  SocketServer: 'socketserver',
  ConfigParser: 'configparser',
  repr: 'reprlib',
  tkFileDialog: 'tkinter.filedialog',
  tkSimpleDialog: 'tkinter.simpledialog',
  dbhash: 'dbm.bsd',
  dumbdbm: 'dbm.dumb',
  dbm: 'dbm.ndbm',
  gdbm: 'dbm.gnu',
  anydbm: 'dbm',
  whichdb: 'dbm',
  xmlrpclib: 'xmlrpc.client',
  SimpleXMLRPCServer: 'xmlrpc.server',
  DocXMLRPCServer: 'xmlrpc.server',
  httplib: 'http.client',
  htmlentitydefs: 'html.entities',
  HTMLParser: 'html.parser',
  Cookie: 'http.cookies',
  cookielib: 'http.cookiejar',
  BaseHTTPServer: 'http.server',
  SimpleHTTPServer: 'http.server',
  CGIHTTPServer: 'http.server',
  test_support: 'test.support',
  commands: 'subprocess',
  urlparse: 'urllib.parse',
  robotparser: 'urllib.robotparser',
  urllib2: 'urllib.request',
  _abcoll: 'collections.abc',
  cPickle: 'pickle',
  _elementtree: 'xml.etree.ElementTree',
  FileDialog: 'tkinter.filedialog',
  Tkinter: 'tkinter',
  thread: '_thread',
  dummy_thread: '_dummy_thread',
  UserList: 'collections',
  UserDict: 'collections',
  UserString: 'collections',
  StringIO: 'io',
  cStringIO: 'io',
  os2emxpath: 'ntpath',
  exceptions: 'builtins',
});

/** Names that moved to another place. */
const NAMES: Readonly<Record<string, readonly [string, string]>> = tableOf({
  '__builtin__.xrange': ['builtins', 'range'],
  '__builtin__.reduce': ['functools', 'reduce'],
  '__builtin__.intern': ['sys', 'intern'],
  '__builtin__.unichr': ['builtins', 'chr'],
  '__builtin__.unicode': ['builtins', 'str'],
  '__builtin__.long': ['builtins', 'int'],
  'itertools.izip': ['builtins', 'zip'],
  'itertools.imap': ['builtins', 'map'],
  'itertools.ifilter': ['builtins', 'filter'],
  'itertools.ifilterfalse': ['itertools', 'filterfalse'],
  'itertools.izip_longest': ['itertools', 'zip_longest'],
  'UserDict.IterableUserDict': ['collections', 'UserDict'],
  'UserList.UserList': ['collections', 'UserList'],
  'UserString.UserString': ['collections', 'UserString'],
  'whichdb.whichdb': ['dbm', 'whichdb'],
  'exceptions.StandardError': ['builtins', 'Exception'],
  'socket.fromfd': ['socket', 'fromfd'],
  '_socket.fromfd': ['socket', 'fromfd'],
  'urllib.urlretrieve': ['urllib.request', 'urlretrieve'],
  'urllib.urlopen': ['urllib.request', 'urlopen'],
  'urllib.URLopener': ['urllib.request', 'URLopener'],
  '_multiprocessing.Connection': ['multiprocessing.connection', 'Connection'],
  'multiprocessing.process.Process': ['multiprocessing.context', 'Process'],
  'os.getcwdu': ['os', 'getcwd'],
});

/** The name as Python 3 looks it up. On Python 2 it is what it says, which no allow-list knows under the new name. */
export function nameOnPython3(module: string, name: string): { module: string; name: string } {
  const moved = NAMES[`${module}.${name}`];
  if (moved && Object.hasOwn(NAMES, `${module}.${name}`)) return { module: moved[0], name: moved[1] };
  return { module: Object.hasOwn(MODULES, module) ? MODULES[module]! : module, name };
}
