import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const told = async (name: string, content: string): Promise<string[]> => {
  const { verdict, detections } = await scanSource(name, new BytesSource(Buffer.from(content)));
  return [verdict, ...detections.map(({ technique, message }) => `${technique}: ${message}`)];
};

/** What code beside a model does where it is loaded or called, and what is told of it. */
const REACHES: Readonly<Record<string, string>> = {
  'import os\nos.system("id")': 'runs commands or code (`os.system`)',
  'import pty\npty.spawn("/bin/sh")': 'runs commands or code (`pty.spawn`)',
  'getattr(__import__("o" + "s"), "sys" + "tem")("id")': 'runs commands or code (`__import__`)',
  'exec(open("x.txt").read())': 'runs commands or code (`exec`)',
  'def handle(data):\n    return eval(data["inputs"])': 'runs commands or code (`eval`)',
  'import ctypes\nctypes.CDLL("./x.so")': 'runs commands or code (`ctypes.CDLL`)',
  'import torch\ntorch.ops.load_library("x.so")': 'runs commands or code (`torch.ops.load_library`)',
  'from importlib import import_module\nimport_module(name)':
    'runs commands or code (`importlib.import_module`)',
  'import shutil\nshutil.rmtree(folder)': 'takes away or changes files (`shutil.rmtree`)',
  'open("/root/.ssh/authorized_keys", "a").write(key)': 'takes away or changes files (`open`)',
  'import torch\ntorch.hub.load("a/b", "c")': 'opens a connection (`torch.hub.load`)',
  'import socket\nsocket.socket().connect(("1.2.3.4", 1))': 'opens a connection (`socket.socket`)',
  'import pickle\npickle.load(f)': 'loads objects (`pickle.load`)',
};
const HARMLESS = [
  'import torch\nw = torch.load("model.bin", map_location="cpu", weights_only=True)\nm = torch.compile(w)',
  'import importlib.util\nif importlib.util.find_spec("flash_attn"):\n    from flash_attn import flash_attn_func',
  'import re, os\nr = re.compile("a")\np = os.path.join("a", "b")\nf = open("vocab.txt", encoding="utf-8")',
  'open("out.txt", "w").write("done")',
];

describe('Python that is loaded with a model', () => {
  for (const [source, word] of Object.entries(REACHES))
    it(`is told what it reaches: ${source.slice(0, 60)}`, async () => {
      for (const name of ['modeling_x.py', 'handler.py', 'hubconf.py', 'm/generate.py', 'x.mar!code.py'])
        assert.deepEqual(await told(name, source), ['review', `code-reach: ${word}`], name);
    });
  for (const source of HARMLESS)
    it(`is clean where it computes: ${source.slice(0, 60)}`, async () =>
      assert.deepEqual(await told('modeling_x.py', source), ['clean']));

  it('is not told of programs that people start themselves', async () =>
    assert.deepEqual(await told('tools/release.py', 'import subprocess\nsubprocess.run(["make"])'), [
      'clean',
    ]));
});
