import type { Inspection } from '../inspection.ts';
import { PYTHON_LINE_END } from '../text/lines.ts';
import { hasModelEnding } from '../tree/model-endings.ts';
import type { Format, Probe } from './format.ts';
import { reportPython } from './python-acts.ts';
import { isText, readText, textFrom } from './text-formats.ts';

const word = (head: Uint8Array, at: number): number =>
  at + 4 <= head.length ? new DataView(head.buffer, head.byteOffset + at, 4).getUint32(0, true) : 0;
const PE = 0x00004550;
const PE_PLACE = 60;
/** Up to this number it counts the machines of a program for macOS, from it on it is a version of Java. */
const JAVA_MIN = 45;

/** What a program for a machine begins with; null for what is none. */
function programOf({ head, headText, name }: Probe): string | null {
  if (headText.startsWith('\x7fELF')) return 'a program or library for Linux';
  if (
    headText.startsWith('MZ') &&
    (word(head, word(head, PE_PLACE)) === PE || /\.(?:exe|dll|pyd|sys)$/.test(name))
  )
    return 'a program or library for Windows';
  if (/^(?:\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe)/.test(headText))
    return 'a program or library for macOS';
  if (headText.startsWith('\xca\xfe\xba\xbe'))
    return (head[7] ?? 0) >= JAVA_MIN ? 'a class of Java' : 'a program or library for macOS';
  if (headText.startsWith('\0asm\x01\0\0\0')) return 'a program in WebAssembly';
  if (/^dex\n0\d\d\0/.test(headText)) return 'a program for Android';
  if (
    /^L\0\0\0\x01\x14\x02\0{5}\xc0/.test(headText) ||
    (/\.lnk$/.test(name) && headText.startsWith('L\0\0\0'))
  )
    return 'a link that starts a program';
  return null;
}

/** The start of a code object, behind a header of 8, 12 or 16 bytes (`Lib/importlib/_bootstrap_external.py`). */
const CODE = /^(?:.{8}|.{12}|.{16})[c\xe3]/s;
const isBytecode = ({ name, headText }: Probe): boolean =>
  (/\.py[co]$/.test(name) && headText.length > 0) ||
  (/^[\0-\xff][\x0b-\x0f\xf2\xf3]\r\n/.test(headText) && CODE.test(headText));

/** Where a package that torch compiled ahead of time (`.pt2`) keeps its libraries: `aoti_load_package` opens them at once. */
const LOADED_WITH_PACKAGE = /(?:^|[/!])data\/aotinductor\//;

function reportCode(inspection: Inspection, what: string): void {
  if (LOADED_WITH_PACKAGE.test(inspection.path))
    inspection.report('loaded-program', `is ${what}, which runs when the package is loaded`);
  else if (hasModelEnding(inspection.name))
    inspection.report('disguised-program', `is ${what} under a name that models have`);
  else inspection.report('program', `is ${what}: what it does is not looked into`);
}

/** Programs and libraries for machines, of which only that they are is known. */
export const program: Format = {
  name: 'program',
  recognise: (probe) => programOf(probe) !== null,
  inspect: (inspection) => {
    const head = inspection.source.read(0, 4096);
    const headText = Buffer.from(head).toString('latin1');
    const what = programOf({
      name: inspection.name,
      size: inspection.source.size,
      head,
      headText,
      text: '',
      inspection,
    });
    if (what !== null) reportCode(inspection, what);
  },
};

/** Compiled Python. */
export const bytecode: Format = {
  name: 'bytecode',
  recognise: isBytecode,
  inspect: (inspection) => reportCode(inspection, 'compiled Python'),
};

const IMPORT_LINE = /^import[ \t]/;
const linesOf = (text: string): readonly string[] => text.split(PYTHON_LINE_END);

/** Lines that Python runs whenever it starts, where the file lies among its packages (`Lib/site.py`). */
export const startupLines: Format = {
  name: 'startup-lines',
  recognise: (probe) =>
    /\.pth$/.test(probe.name) &&
    isText(probe) &&
    linesOf(textFrom(probe)).some((line) => IMPORT_LINE.test(line)),
  inspect: (inspection) => {
    for (const [index, line] of linesOf(readText(inspection)).entries()) {
      if (!IMPORT_LINE.test(line)) continue;
      const place = { line: index + 1 };
      inspection.report('startup-code', 'is run by Python whenever it starts', place);
      reportPython(inspection, line, () => place, false);
    }
  },
};

/** Classes of Java with which objects that are read run commands. */
const GADGETS =
  /\b(?:org\.apache\.commons\.(?:collections4?\.(?:functors|keyvalue|map\.LazyMap)|beanutils\.BeanComparator)|org\.codehaus\.groovy\.runtime|com\.sun\.org\.apache\.xalan\.internal\.xsltc\.trax\.TemplatesImpl|com\.mchange\.v2\.c3p0|org\.springframework\.beans\.factory\.ObjectFactory|java\.rmi\.server\.UnicastRemoteObject|javax\.management\.BadAttributeValueExpException|com\.sun\.rowset\.JdbcRowSetImpl|java\.lang\.ProcessBuilder)/;
const OBJECTS_BYTES_MAX = 16 * 1024 * 1024;

/** Objects that Java wrote (Java Object Serialization Specification 6.4.2): Weka, Spark, old H2O. */
export const javaObjects: Format = {
  name: 'java-objects',
  recognise: ({ headText }) => /^\xac\xed\0\x05[pqrstuvwxyz{|}~]/.test(headText),
  inspect: (inspection) => {
    const { source } = inspection;
    const found = GADGETS.exec(Buffer.from(source.read(0, OBJECTS_BYTES_MAX)).toString('latin1'));
    if (found) inspection.report('java-gadget', `makes \`${found[0]}\``, { offset: found.index });
    else inspection.report('java-objects', 'makes objects of classes that it names');
    if (source.size > OBJECTS_BYTES_MAX) inspection.report('too-much', 'holds more than is searched');
  },
};
