import type { Value } from './value.ts';

/** Modules that come with Python (3.8 to 3.14) and its installers: what of them is not listed was left out for a reason. */
const OF_PYTHON: ReadonlySet<string> = new Set(
  (
    'Queue StringIO __builtin__ abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit ' +
    'audioop base64 bdb binascii bisect builtins bz2 cPickle cProfile calendar cgi cgitb chunk cmath cmd code ' +
    'codecs codeop collections colorsys commands compileall concurrent configparser contextlib contextvars copy ' +
    'copy_reg copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email ' +
    'encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc ' +
    'genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr ' +
    'imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox ' +
    'mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath ' +
    'nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pip pipes ' +
    'pkg_resources pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr ' +
    'pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets ' +
    'select selectors setuptools shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd ' +
    'sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau ' +
    'symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time ' +
    'timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing ' +
    'unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml ' +
    'xmlrpc zipapp zipfile zipimport zlib zoneinfo'
  ).split(' '),
);
const CLASS = /^_{0,2}[A-Z][A-Za-z0-9_]{0,127}$/;
const MODULE = /^(?:__main__|[A-Za-z]\w{0,127})(?:\.\w{1,128}){0,15}$/;

/**
 * Whether a name that is not listed is, by how it is written, a class of a library or project. Making a bare instance of one and
 * setting its state is what every pickle does: that alone is no reason for suspicion. A function, and what comes with Python, is.
 */
export const isOwnClass = (module: string, name: string): boolean =>
  MODULE.test(module) && CLASS.test(name) && !OF_PYTHON.has(module.split('.')[0]!);

/** Whether a call has no arguments. */
export const isEmpty = (items: readonly Value[] | null): boolean => items !== null && items.length === 0;

/** The entry of a file for `--allow` by which a class is allowed to hold data. */
export const allowEntry = ({ module, name }: { readonly module: string; readonly name: string }): string =>
  `[{"library":"ours","provenance":"read by … on …","rule":"data","globals":{"${module}":"${name}"}}]`;
