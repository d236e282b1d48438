import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { OP } from '../../src/pickle/opcodes.ts';
import { lz4, sevenZip, tar, xz, zip } from './archives.ts';
import {
  bytes,
  dict,
  global,
  instance,
  list,
  pickle,
  reduce,
  stackGlobal,
  stream,
  text,
  tuple,
  whole,
} from './assembler.ts';
import { type Sample, sample } from './sample.ts';

const evil = pickle(2, reduce(global('posix', 'system'), text('echo sallyport-corpus')));
const good = pickle(2, dict({ weight: whole(1) }));
const many = Buffer.alloc(48 * 1024 * 1024);
const torch = (content: Uint8Array): { name: string; content: Uint8Array }[] => [
  { name: 'archive/data.pkl', content },
  { name: 'archive/byteorder', content: Buffer.from('little') },
  { name: 'archive/data/0', content: Buffer.alloc(16, 0x3f) },
  { name: 'archive/version', content: Buffer.from('3\n') },
];
/** Made with Python's `bz2` and `lzma` from the same payload, as neither npm nor Node.js writes these. */
const BZIP2 =
  'QlpoOTFBWSZTWZnTlx8AABPzwBAQAgBAAxAAKmbeYEIEIAAxQADQMmQVNMAnqZPQ9R6psXKhDtbeeyWK6nmAYe+XYGvBgkyji2X4u5IpwoSEzpy4+A==';

function* zips(): Generator<Sample> {
  const link = Buffer.from('../../etc/passwd');
  const cases: Record<string, [string, Uint8Array]> = {
    torch: ['model.pt', zip(torch(evil))],
    'torch, aligned': ['model.pt', zip(torch(evil).map((part) => ({ ...part, aligned: true })))],
    'torch, compressed': ['model.pt', zip(torch(evil).map((part) => ({ ...part, method: 8 })))],
    'torch, another ending': ['model.dat', zip(torch(evil))],
    'sum that is wrong': ['model.pt', zip(torch(evil).map((part) => ({ ...part, crc: 1 })))],
    'encrypted, it says': ['model.pt', zip(torch(evil).map((part) => ({ ...part, flags: 1 })))],
    'strongly encrypted, it says': ['model.pt', zip(torch(evil).map((part) => ({ ...part, flags: 0x41 })))],
    'masked names, it says': ['model.pt', zip(torch(evil).map((part) => ({ ...part, flags: 0x2000 })))],
    'another name within': [
      'model.pt',
      zip(torch(evil).map((part) => ({ ...part, localName: part.name.replace('.pkl', '.txt') }))),
    ],
    'another name outside': [
      'model.pt',
      zip(
        torch(evil).map((part) => ({
          ...part,
          name: part.name.replace('.pkl', '.txt'),
          localName: part.name,
        })),
      ),
    ],
    'another way within': ['model.pt', zip(torch(evil).map((part) => ({ ...part, localMethod: 8 })))],
    'twice, the first bad': ['model.pt', zip([...torch(evil), { name: 'archive/data.pkl', content: good }])],
    'twice, the last bad': ['model.pt', zip([...torch(good), { name: 'archive/data.pkl', content: evil }])],
    'not listed': [
      'model.pt',
      zip([...torch(good), { name: 'archive/extra.pkl', content: evil, unlisted: true }]),
    ],
    'not listed, in front': [
      'model.pt',
      zip([{ name: 'archive/data.pkl', content: evil, unlisted: true }, ...torch(good)]),
    ],
    'behind other bytes': ['model.pt', zip(torch(evil), { prefix: Buffer.alloc(100, 0x20) })],
    'behind a pickle': ['model.pt', zip(torch(good), { prefix: evil })],
    'behind a program': ['model.pt', zip(torch(evil), { prefix: Buffer.from('#!/bin/sh\nexit\n') })],
    'behind other bytes, under no known name': [
      'weights.dat',
      zip(torch(evil), { prefix: Buffer.alloc(4096, 0x41) }),
    ],
    'a comment with an end': [
      'model.pt',
      zip(torch(evil), { comment: Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]) }),
    ],
    'a count that is wrong': ['model.pt', zip(torch(evil), { countOff: 3 })],
    'one member less': ['model.pt', zip(torch(evil), { countOff: -1 })],
    'a pickle behind': ['model.pt', Buffer.concat([zip(torch(good)), evil])],
    'sizes that differ': ['model.pt', zip([{ name: 'archive/data.pkl', content: evil, listedBytes: 4 }])],
    'a pickle in a storage': ['model.pt', zip([...torch(good), { name: 'archive/data/1', content: evil }])],
    'a pickle as constants': [
      'model.pt',
      zip([...torch(good), { name: 'archive/constants.pkl', content: evil }]),
    ],
    'a pickle as a picture': ['model.zip', zip([{ name: 'logo.png', content: evil }])],
    'a pickle without a name': ['model.zip', zip([{ name: '', content: evil }])],
    'out of the folder': ['model.zip', zip([{ name: '../../x.txt', content: Buffer.from('x') }])],
    'out of the folder, backwards': [
      'model.zip',
      zip([{ name: '..\\..\\x.txt', content: Buffer.from('x') }]),
    ],
    absolute: ['model.zip', zip([{ name: '/tmp/x.txt', content: Buffer.from('x') }])],
    'on a drive': ['model.zip', zip([{ name: 'C:\\x.txt', content: Buffer.from('x') }])],
    'out by a detour': ['model.keras', zip([{ name: 'a/../../x', content: Buffer.from('x') }])],
    'a link outside': ['model.zip', zip([{ name: 'x', content: link, mode: 0o120777 }])],
    'a link to the root': ['model.zip', zip([{ name: 'x', content: Buffer.from('/etc'), mode: 0o120777 }])],
    'a zero in a name': ['model.zip', zip([{ name: 'a\0/../../x', content: Buffer.from('x') }])],
    bomb: ['model.npz', zip([{ name: 'a.npy', content: many, method: 8 }])],
    'within another': ['model.zip', zip([{ name: 'inner.zip', content: zip(torch(evil)) }])],
    'within three others': [
      'model.zip',
      zip([
        {
          name: 'a.zip',
          content: zip([
            { name: 'b.zip', content: zip([{ name: 'c.zip', content: zip(torch(evil)) }]), method: 8 },
          ]),
          method: 8,
        },
      ]),
    ],
    'in a tape in it': [
      'model.zip',
      zip([{ name: 'a.tar', content: tar([{ name: 'x.pkl', content: evil }]) }]),
    ],
    'by another way': [
      'model.zip',
      zip([{ name: 'x.pkl', content: Buffer.from(BZIP2, 'base64'), method: 12 }]),
    ],
    'xz in it': ['model.zip', zip([{ name: 'x.pkl', content: xz(evil), method: 95 }])],
    'zstd in it': ['model.zip', zip([{ name: 'x.pkl', content: zstdCompressSync(evil), method: 93 }])],
  };
  for (const [what, [file, content]] of Object.entries(cases))
    yield sample('containers', `zip: ${what}`, file, content);
  let deep: Buffer = zip(torch(evil));
  for (let i = 0; i < 12; i++) deep = zip([{ name: `${i}.zip`, content: deep }]);
  yield sample('containers (budget)', 'zip: within twelve others', 'model.zip', deep);
  yield sample(
    'containers (budget)',
    'zip: a way that is not known',
    'model.zip',
    zip([{ name: 'x.pkl', content: evil, method: 98 }]),
  );
}

function* others(): Generator<Sample> {
  const cases: Record<string, [string, Uint8Array]> = {
    'gzip: pickle': ['model.pkl.gz', gzipSync(evil)],
    'gzip: without its ending': ['model.bin', gzipSync(evil)],
    'gzip: ends early': [
      'model.pkl.gz',
      gzipSync(Buffer.concat([evil, Buffer.alloc(1 << 20, 7)])).subarray(0, -12),
    ],
    'gzip: two members': ['model.pkl.gz', Buffer.concat([gzipSync(good), gzipSync(evil)])],
    'gzip: of gzip': ['model.pkl.gz', gzipSync(gzipSync(evil))],
    'gzip: bomb': ['model.pkl.gz', gzipSync(many)],
    'zlib: pickle': ['model.joblib', deflateSync(evil)],
    'zlib: joblib of old': [
      'model.joblib',
      Buffer.concat([Buffer.from(`ZF0x${evil.length.toString(16).padEnd(17)}`), deflateSync(evil)]),
    ],
    'zstd: pickle': ['model.pkl.zst', zstdCompressSync(evil)],
    'bzip2: pickle': ['model.pkl.bz2', Buffer.from(BZIP2, 'base64')],
    'xz: pickle': ['model.pkl.xz', xz(evil)],
    'lz4: pickle': ['model.joblib', lz4(evil)],
    'xz: bomb of zeros': ['model.xz', gzipSync(xz(many))],
    'zip: a pickle that says it is a link': [
      'model.pt',
      zip([{ name: 'archive/data.pkl', content: Buffer.from("cos\nsystem\n(S'x'\ntR."), mode: 0o120777 }]),
    ],
    'tar: pickle': ['model.tar', tar([{ name: 'model.pkl', content: evil }])],
    'tar: old torch': [
      'model.pth',
      tar([
        { name: 'sys_info', content: good },
        { name: 'pickle', content: evil },
        { name: 'storages', content: good },
      ]),
    ],
    'tar: out of the folder': ['model.tar', tar([{ name: '../x', content: Buffer.from('x') }])],
    'tar: absolute': ['model.tar', tar([{ name: '/tmp/x', content: Buffer.from('x') }])],
    'tar: a link outside': ['model.tar', tar([{ name: 'x', type: '2', link: '../../etc' }])],
    'tar: a hard link outside': ['model.tar', tar([{ name: 'x', type: '1', link: '/etc/passwd' }])],
    'tar: a device': ['model.tar', tar([{ name: 'x', type: '3' }])],
    'tar: behind its end': [
      'model.tar',
      Buffer.concat([
        tar([{ name: 'a.txt', content: Buffer.from('a') }]),
        tar([{ name: 'x.pkl', content: evil }]),
      ]),
    ],
    'tar: compressed': ['model.tar.gz', gzipSync(tar([{ name: 'x.pkl', content: evil }]))],
    'tar: without an end': ['model.nemo', tar([{ name: 'x.ckpt', content: evil }], false)],
    '7z: pickle': ['model.7z', sevenZip([{ name: 'x.pkl', content: evil }])],
    '7z: another ending': ['model.pt', sevenZip([{ name: 'x.pkl', content: evil }])],
    '7z: several': [
      'model.7z',
      sevenZip([
        { name: 'a.txt', content: Buffer.from('a') },
        { name: 'x.pkl', content: evil },
      ]),
    ],
    '7z: LZMA2': ['model.7z', sevenZip([{ name: 'x.pkl', content: evil }], { coder: 'lzma2' })],
    '7z: out of the folder': ['model.7z', sevenZip([{ name: '../x.txt', content: Buffer.from('x') }])],
  };
  for (const [what, [file, content]] of Object.entries(cases))
    yield sample('containers', what, file, content);
  yield sample(
    'containers (budget)',
    '7z: encrypted',
    'model.7z',
    sevenZip([{ name: 'x.pkl', content: evil }], { coder: 'aes' }),
  );
  yield sample(
    'containers (budget)',
    '7z: a coder that is not known',
    'model.7z',
    sevenZip([{ name: 'x.pkl', content: evil }], { coder: 'ppmd' }),
  );
}

/** An array of objects, as numpy saves it. */
export function objectArray(content: Uint8Array, type = '|O'): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (1,), }`;
  const padded = `${header}${' '.repeat((64 - ((10 + header.length + 1) % 64)) % 64)}\n`;
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([padded.length & 255, padded.length >> 8]),
    Buffer.from(padded),
    content,
  ]);
}

function* arrays(): Generator<Sample> {
  const wrapper = (type: string, content: Uint8Array, shape = 1): Buffer =>
    stream(
      instance(
        'joblib.numpy_pickle',
        'NumpyArrayWrapper',
        dict({
          subclass: stackGlobal('numpy', 'ndarray'),
          shape: tuple(whole(shape)),
          order: text('C'),
          dtype: reduce(stackGlobal('numpy', 'dtype'), text(type), OP.NEWFALSE, OP.NEWTRUE),
          allow_mmap: OP.NEWFALSE,
        }),
      ),
      content,
    );
  const cases: Record<string, [string, Uint8Array]> = {
    'npy: objects': ['a.npy', objectArray(evil)],
    'npy: another ending': ['a.bin', objectArray(evil)],
    'npy: in an npz': ['a.npz', zip([{ name: 'a.npy', content: objectArray(evil) }])],
    'npy: compressed npz': ['a.npz', zip([{ name: 'a.npy', content: objectArray(evil), method: 8 }])],
    'npy: a pickle behind numbers': ['a.npy', Buffer.concat([objectArray(Buffer.alloc(8), '<f8'), evil])],
    'joblib: objects': ['a.joblib', stream(OP.PROTO, 4, wrapper('O8', evil), OP.STOP)],
    'joblib: behind an array': [
      'a.joblib',
      stream(
        OP.PROTO,
        4,
        wrapper('f8', Buffer.alloc(8)),
        OP.POP,
        reduce(stackGlobal('os', 'system'), text('x')),
        OP.STOP,
      ),
    ],
    'joblib: in the type of an array': [
      'a.joblib',
      stream(
        OP.PROTO,
        4,
        reduce(stackGlobal('numpy', 'dtype'), reduce(stackGlobal('os', 'popen'), text('x'))),
        OP.STOP,
      ),
    ],
    'joblib: a list of arrays': [
      'a.joblib',
      stream(OP.PROTO, 4, list(wrapper('i4', Buffer.alloc(12), 3), wrapper('O8', evil)), OP.STOP),
    ],
    'joblib: a loader within': ['a.joblib', pickle(4, reduce(stackGlobal('joblib', 'load'), bytes(evil)))],
  };
  for (const [what, [file, content]] of Object.entries(cases))
    yield sample('npy, joblib', what, file, content);
}

/** Archives and arrays that hide, break out or never end. */
export function* archiveSamples(): Generator<Sample> {
  yield* zips();
  yield* others();
  yield* arrays();
}
