import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';
import { OP } from '../src/pickle/opcodes.ts';
import {
  bytes,
  list,
  little,
  stackGlobal as named,
  type Part,
  pickle,
  reduce,
  stream,
  text,
  whole,
} from './corpus/assembler.ts';

const verdictOf = async (...parts: readonly Part[]): Promise<string> =>
  (await scanSource('model.pkl', new BytesSource(pickle(5, ...parts)))).verdict;
const load = (of: Part): Buffer => reduce(named('torch.storage', '_load_from_bytes'), of);
const unpickle = (of: Part): Buffer =>
  reduce(named('keras.src.models.functional', 'Functional._unpickle_model'), of);
const encode = (of: Part, ...more: readonly Part[]): Buffer =>
  reduce(named('_codecs', 'encode'), of, ...more);
const bytearray = (of: Uint8Array): Buffer => stream(OP.BYTEARRAY8, little(of.length, 8), of);
const latin1 = (of: Uint8Array): string => Buffer.from(of).toString('latin1');
const inMemory = (state: Part): Buffer =>
  stream(named('_io', 'BytesIO'), OP.EMPTY_TUPLE, OP.NEWOBJ, state, OP.BUILD);
const memoryState = (of: Part): Buffer => stream(OP.MARK, of, whole(0), OP.NONE, OP.TUPLE);

const EVIL = stream(OP.PROTO, 2, 'cposix\nsystem\n', text('echo sallyport-corpus', 'long'), OP.TUPLE1, 'R.');
const GOOD = stream(OP.PROTO, 2, OP.EMPTY_DICT, OP.STOP);

/** A text of which each letter is a byte, that stops at once; as UTF-8 `\u010c` has two bytes, the second of which begins a text. */
const short = (of: string): string => `X${String.fromCharCode(of.length)}\0\0\0${of}`;
const EVIL_AS_UTF8 =
  `C\x01\u010c.${'A'.repeat(46)}${short('posix')}${short('system')}q\u0113` +
  `${short('echo sallyport-corpus')}q\u0105R.`;
/** The same with six letters in place of `\u010c`. */
const EVIL_AS_RAW = `C\x06\u010cU\x05aaa.z${latin1(EVIL)}`;

describe('bytes that a loader within the stream reads', () => {
  const ways: Readonly<Record<string, (of: Buffer) => Part>> = {
    'as bytes': bytes,
    'as an array of bytes': bytearray,
    'as latin-1': (of) => encode(text(latin1(of), 'long'), text('latin1')),
    'as latin-1 from a line': (of) => encode(text(latin1(of), 'line'), text('latin1')),
    'by `bytearray`': (of) => reduce(named('builtins', 'bytearray'), bytes(of)),
    'by `bytes`, of an array of bytes': (of) => reduce(named('builtins', 'bytes'), bytearray(of)),
    'from a memoised call': (of) =>
      stream(encode(text(latin1(of), 'long'), text('latin1')), OP.BINPUT, 7, OP.POP, OP.BINGET, 7),
  };
  for (const [how, make] of Object.entries(ways))
    it(`are judged, ${how}`, async () => {
      assert.equal(await verdictOf(load(make(EVIL))), 'malicious');
      assert.equal(await verdictOf(load(make(GOOD))), 'clean');
      assert.equal(await verdictOf(unpickle(inMemory(memoryState(make(EVIL))))), 'malicious');
      assert.equal(await verdictOf(unpickle(inMemory(memoryState(make(GOOD))))), 'clean');
    });

  it('are judged where the state of a file in memory comes from the memo', async () => {
    const state = (of: Buffer): Part =>
      stream(memoryState(bytes(of)), OP.BINPUT, 9, OP.POP, inMemory(stream(OP.BINGET, 9)));
    assert.equal(await verdictOf(unpickle(state(EVIL))), 'malicious');
    assert.equal(await verdictOf(unpickle(state(GOOD))), 'clean');
  });

  it('are those that the codec gives', async () => {
    assert.equal(await verdictOf(load(encode(text(EVIL_AS_UTF8, 'long'), text('utf-8')))), 'malicious');
    assert.equal(await verdictOf(load(encode(text(EVIL_AS_UTF8, 'long')))), 'malicious');
    assert.equal(
      await verdictOf(load(encode(text(EVIL_AS_RAW, 'long'), text('raw_unicode_escape')))),
      'malicious',
    );
    for (const codec of ['utf-8', 'UTF8', 'ascii', 'latin-1', 'raw_unicode_escape'])
      assert.equal(await verdictOf(load(encode(text('(dp0\n.'), text(codec)))), 'clean', codec);
  });

  it('are not taken for others where nobody can say what they are', async () => {
    const unknown: Readonly<Record<string, Part>> = {
      'letters beyond the codec': encode(text('C\x01\u010c.', 'long'), text('latin1')),
      'letters beyond ASCII': encode(text('C\x01\xe9.', 'long'), text('ascii')),
      'errors that are passed over': encode(text('C\x01\u010c.', 'long'), text('latin1'), text('ignore')),
      'a text of Python 2': encode(
        stream(OP.SHORT_BINSTRING, 4, Buffer.from('4301e92e', 'hex')),
        text('latin1'),
      ),
      'a text of Python 2 with escapes': encode(stream("S'C\\x01a.'\n"), text('latin1')),
      'bytes of numbers': reduce(named('builtins', 'bytes'), list(whole(78), whole(46))),
      'a truth value': OP.NEWTRUE,
      'a list': list(whole(1)),
      'a text': text('N.'),
    };
    for (const [name, part] of Object.entries(unknown)) {
      assert.equal(await verdictOf(load(part)), 'suspicious', name);
      assert.equal(await verdictOf(unpickle(inMemory(memoryState(part)))), 'suspicious', name);
    }
  });

  it('are not taken for what they were before something was added', async () => {
    const add = stream(OP.MARK, whole(78), OP.APPENDS);
    for (const made of [bytearray(GOOD), reduce(named('builtins', 'bytearray'), bytes(GOOD))]) {
      assert.equal(await verdictOf(load(stream(made, add))), 'suspicious');
      assert.equal(await verdictOf(load(stream(made, whole(78), OP.APPEND))), 'suspicious');
    }
  });
});
