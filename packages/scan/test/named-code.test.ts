import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (name: string, content: string | Uint8Array): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;
const json = (name: string, value: unknown): Promise<string> => verdictOf(name, JSON.stringify(value));

it('a configuration in the metadata of safetensors is judged by what it makes', async () => {
  const weights = (metadata: Readonly<Record<string, string>>): Buffer => {
    const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
    const length = Buffer.alloc(8);
    length.writeUInt32LE(header.length);
    return Buffer.concat([length, header]);
  };
  for (const config of [
    "{'_target_': 'os.system', 'command': 'x'}",
    JSON.stringify({ model: { _target_: 'os.system' } }),
    JSON.stringify({ model: JSON.stringify({ _target_: 'os.system' }) }),
  ])
    assert.equal(await verdictOf('model.safetensors', weights({ config })), 'malicious', config);
  const config = JSON.stringify({ model: { _target_: 'torch.nn.Linear', in_features: 3 } });
  assert.equal(await verdictOf('model.safetensors', weights({ config, format: 'pt' })), 'clean');
});

describe('code that a configuration names is known', () => {
  it('by every key that a library makes it by, in JSON and in YAML', async () => {
    const evil: Record<string, unknown>[] = [
      { target: 'os.system', params: { command: 'x' } },
      { target: 'os.system' },
      { _target_: 'subprocess.Popen', args: ['x'] },
      { class_name: 'os.system', init_args: { command: 'x' } },
      { class_path: 'os.system', init_args: {} },
      { import_path: 'os:system' },
      { type: 'os.system', init_parameters: { command: 'x' } },
      { activation_fn: 'os.system' },
      { '()': 'os.system', command: 'x' },
      { 'py/repr': 'os/os.system("x")' },
      { 'py/reduce': [{ 'py/function': 'os.system' }, { 'py/tuple': ['x'] }] },
      { 'py/object': 'os.system' },
      { 'py/type': 'os.system' },
      { 'py/object': ['os.system'] },
    ];
    for (const one of evil) {
      assert.equal(await json('config.json', { model: one }), 'malicious', JSON.stringify(one));
      assert.equal(await verdictOf('config.yaml', `model: ${JSON.stringify(one)}\n`), 'malicious');
    }
    const unknown: Record<string, unknown>[] = [
      { target: 'evil.Model', params: {} },
      { class_name: 'evil.Model', init_args: {} },
      { type: 'evil.Model', init_parameters: {} },
      { import_path: 'evil:app' },
      { peft_type: 'LORA', megatron_config: {}, megatron_core: 'evil.core' },
      { attn_implementation: 'evil/kernel' },
      { _attn_implementation: 'evil/kernel@main:forward' },
      { attn_implementation: { text_config: 'sdpa', vision_config: 'evil/kernel' } },
      { auto_map: ['evil.Tokenizer', null] },
      { auto_map: { AutoTokenizer: [null, 'evil.Tokenizer'] } },
    ];
    for (const one of unknown) {
      assert.equal(await json('config.json', { model: one }), 'suspicious', JSON.stringify(one));
      assert.equal(await verdictOf('config.yaml', `model: ${JSON.stringify(one)}\n`), 'suspicious');
    }
  });

  it('behind the name of a library that is known, too', async () => {
    const evil = [
      'torch.utils.data.dataloader.os.system',
      'torch.nn.os.system',
      'omegaconf.omegaconf.os.system',
      'torch.utils.data.dataloader.os.environ.clear',
      'transformers.utils.import_utils.subprocess.Popen',
      'transformers.utils.import_utils.importlib.import_module',
      'torchvision.datasets.utils.urllib.request.urlopen',
      'sklearn.utils.builtins.eval',
      'monai.data.utils.pickle.loads',
    ];
    for (const name of evil)
      for (const one of [
        { _target_: name, _args_: ['x'] },
        { _target_: name, _partial_: true },
        { class_path: name, init_args: {} },
        { target: name, params: {} },
      ])
        assert.equal(await json('a.json', one), 'malicious', JSON.stringify(one));
    assert.equal(await json('a.json', { target: evil[0] }), 'malicious');
    const circle = `${'torch.nn.modules.module.'.repeat(9)}os.system`;
    for (const key of ['_target_', 'target'])
      assert.equal(await json('a.json', { [key]: circle }), 'malicious');
    for (const name of ['hydra.utils.get_method', 'importlib.import_module', 'my.helpers.os.system'])
      assert.equal(await json('a.json', { _target_: name, path: 'os.system' }), 'malicious', name);
    for (const name of [
      'transformers.dynamic_module_utils.get_class_from_dynamic_module',
      'langchain_experimental.utilities.python.PythonREPL.worker',
      'langchain_community.tools.shell.ShellTool',
      'langchain_community.utilities.x.exec_code',
    ])
      assert.equal(await json('a.json', { _target_: name }), 'suspicious', name);
    for (const name of [
      'torchvision.datasets.utils.download_and_extract_archive',
      'omegaconf.OmegaConf.load',
    ])
      assert.equal(await json('a.json', { _target_: name }), 'review', name);
    const type = 'sentence_transformers.util.os.system';
    assert.equal(await json('modules.json', [{ idx: 0, name: '0', path: '', type }]), 'suspicious');
    const pipeline = { _class_name: 'P', vae: ['transformers.dynamic_module_utils', 'get_class_in_module'] };
    for (const other of [pipeline, { ...pipeline, vae: ['diffusers', 'utils.os.system'] }])
      assert.equal(await json('model_index.json', other), 'suspicious');
    const skops = { __class__: 'system', __module__: 'sklearn.utils.os', __loader__: 'ObjectNode' };
    assert.equal(await json('schema.json', skops), 'malicious');
    const stack = '\x8c\x07torch.x\x8c\x0by.os.system\x93\x8c\x01x\x85R.';
    assert.equal(await verdictOf('a.pkl', Buffer.from(`\x80\x04${stack}`, 'latin1')), 'malicious');
  });

  it('but not by the names of functions that a library has', async () => {
    for (const one of ['sdpa', 'flash_attention_2', 'paged|eager', null, { text_config: 'sdpa' }])
      assert.equal(await json('config.json', { attn_implementation: one }), 'clean', JSON.stringify(one));
  });

  it('but not by the module that adapters are made for', async () => {
    for (const core of ['megatron.core', null])
      assert.equal(await json('adapter_config.json', { megatron_core: core }), 'clean');
  });

  it('where a switch says that its own may be trusted, in every spelling of a loader', async () => {
    for (const one of ['true', 'True', 'ON', 'on', 'Yes', 'yes', 'y', '1', '"true"', '"yes"'])
      assert.equal(await verdictOf('a.yaml', `trust_remote_code: ${one}\n`), 'suspicious', one);
    for (const one of ['false', 'no', 'off', 'n', '0', '', 'null', '"no"', '$(trust)', '[]'])
      assert.equal(await verdictOf('a.yaml', `trust_remote_code: ${one}\n`), 'clean', one);
  });

  it('as parts of a model of Keras, wherever it stands', async () => {
    const lambda = {
      class_name: 'Lambda',
      config: { name: 'l', function: ['4wEAAAAAAAAAAAAAAAAAAAA', null, null] },
    };
    const model = { class_name: 'Sequential', config: { name: 's', layers: [lambda] } };
    const tfjs = { format: 'layers-model', modelTopology: { keras_version: '2', model_config: model } };
    for (const one of [tfjs, { a: { b: model } }, { a: [lambda] }])
      assert.equal(await json('model.json', one), 'malicious', JSON.stringify(one));
    for (const name of ['os.system', 'rmtree', 'func_load', 'eval']) {
      const layer = { module: 'builtins', class_name: 'function', config: name, registered_name: 'function' };
      const own = { module: 'keras', class_name: 'Sequential', config: { layers: [layer] } };
      assert.equal(await json('model.json', own), 'malicious', name);
      assert.equal(await json('model.json', { model: own }), 'malicious', name);
    }
    const dense = { class_name: 'Dense', config: { activation: 'relu', units: 4 } };
    const harmless = {
      class_name: 'Sequential',
      config: { layers: [dense, { ...dense, module: 'keras.layers' }] },
    };
    const other = { a: { class_name: 'Report', config: { url: 'https://a.example/b' } } };
    for (const one of [{ modelTopology: { model_config: harmless } }, other])
      assert.equal(await json('a.json', one), 'clean', JSON.stringify(one));
  });

  it('as parts of a model', async () => {
    const evil = { name: '0', path: '', type: 'evil.Module' };
    assert.equal(await json('modules.json', [evil]), 'suspicious');
    assert.equal(await json('modules.json', [{ type: 'evil' }]), 'suspicious');
    assert.equal(await json('other.json', [evil]), 'suspicious');
    const router = { types: { a: 'evil.Module' }, structure: { query: ['a'] } };
    assert.equal(await json('router_config.json', router), 'suspicious');
  });

  it('and what only looks like it is not', async () => {
    const harmless: unknown[] = [
      [{ idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' }],
      [{ name: 'a.json', path: 'data/a.json', type: 'file' }],
      { model: { target: 'ldm.models.diffusion.ddpm.LatentDiffusion', params: { timesteps: 1000 } } },
      { target: 'x86_64.linux', version: 2 },
      { target: 'https://a.example/b', params: {} },
      { type: 'object', params: {} },
      { type: 'haystack.components.builders.PromptBuilder', init_parameters: {} },
      { class_name: 'Dense', params: {} },
      { activation_function: 'torch.nn.modules.activation.Tanh' },
      { activation_function: 'gelu_new' },
      { import_path: 'github.com/a/b' },
      { '()': 'uvicorn.logging.DefaultFormatter' },
      { 'py/tuple': [1, 2], 'py/set': [3] },
      { function: 'calendar.create_event', args: { day: 1 } },
      { features: ['a'], target: 'signal.strength' },
      { target: 'site.energy_use' },
      { target: 'http.status_code' },
      { target: 'io.kubernetes.client' },
      { target: 'resource.name' },
      { target: 'types.label' },
      { target: 'os.name' },
      { target: 'host.os.version' },
      { target: 'process.runtime.name' },
      { _target_: 'torch.utils.data.DataLoader', batch_size: 4 },
      { _target_: 'torch.nn.modules.padding.ReplicationPad2d' },
      { _target_: 'lightning.fabric.plugins.precision.MixedPrecision' },
      { _target_: 'lightning.pytorch.loggers.mlflow.MLFlowLogger' },
      { _target_: 'monai.transforms.LoadImaged', keys: 'image' },
      { _target_: 'haystack.components.converters.csv.CSVToDocument' },
      { _target_: 'torch.optim.lr_scheduler.ReduceLROnPlateau', _partial_: true },
      { _target_: 'transformers.AutoModel.from_pretrained' },
      { _target_: 'sklearn.model_selection.train_test_split' },
    ];
    for (const one of harmless) {
      assert.equal(await json('a.json', one), 'clean', JSON.stringify(one));
      assert.equal(await verdictOf('a.yaml', JSON.stringify(one)), 'clean', JSON.stringify(one));
    }
  });
});

it('what stands in the texts of a document counts neither as depth nor against it', async () => {
  const deep = `{"b":"${']'.repeat(200_000)}","a":${'['.repeat(150_000)}${']'.repeat(150_000)}}`;
  assert.equal(await verdictOf('a.json', deep), 'incomplete');
  assert.equal(await json('a.json', { a: '[:'.repeat(2_500_000) }), 'clean');
  assert.equal(await json('a.json', { a: '["\\' }), 'clean');
});

describe('what R wrote is read in each of its forms', () => {
  const text = (...words: (string | number)[]): string => `A\n2\n262657\n131840\n${words.join('\n')}\n`;
  const promise = [5, 251, 254];

  it('in text, with any white space', async () => {
    assert.equal(await verdictOf('a.rds', text(19, 1, ...promise)), 'malicious');
    assert.equal(
      await verdictOf(
        'a.rds',
        text(19, 1, ...promise)
          .replaceAll('\n', ' \t')
          .replace(' \t', '\n'),
      ),
      'malicious',
    );
    assert.equal(await verdictOf('a.rds', `\n${text(...promise)}`), 'malicious');
    assert.equal(await verdictOf('a.rda', `RDA2\n${text(...promise)}`), 'malicious');
    assert.equal(await verdictOf('a.rds', text('5x', 251, 254)), 'malicious');
    assert.equal(await verdictOf('a.rda', 'RDX1\n'), 'incomplete');
    const third = `A\n3\n262657\n197888\n5\nUTF-8\n${promise.join('\n')}\n`;
    assert.equal(await verdictOf('a.rds', third), 'malicious');
    const names = [19, 3, 14, 2, 'NA', '1e5', 16, 2, 262153, 4, 'a\\040\\nb', 262153, -1, 13, 1, 5];
    assert.equal(await verdictOf('a.rds', text(...names)), 'clean');
    assert.equal(await verdictOf('a.rds', text(...names.slice(0, -1))), 'incomplete');
    assert.equal(await verdictOf('a.txt', 'A\n2 of them\n'), 'unrecognised');
  });

  it('to what follows compiled code, and within it', async () => {
    const code = (...constants: (string | number)[]): (string | number)[] => [21, 1, 13, 1, 12, ...constants];
    assert.equal(await verdictOf('a.rds', text(19, 2, ...code(0), ...promise)), 'malicious');
    assert.equal(await verdictOf('a.rds', text(...code(1, 5, ...promise))), 'malicious');
    const call = [1, 6, 254, 243, 0, 0, ...promise];
    assert.equal(await verdictOf('a.rds', text(...code(...call))), 'malicious');
    assert.equal(await verdictOf('a.rds', text(...code(0))), 'review');
    // A text with attributes, which R reads and passes over.
    assert.equal(await verdictOf('a.rds', text(19, 1, 262153 + 512, 1, 'a', ...promise)), 'malicious');
  });
});

it('a class of the project itself is for a person to look at, and nothing else of it', async () => {
  const verdict = async (target: string): Promise<string> =>
    (await scanSource('model.yaml', new BytesSource(Buffer.from(`_target_: ${target}\nlr: 1\n`)))).verdict;
  for (const target of ['src.models.Net', 'src.data.module.DataModule', 'project.Net'])
    assert.equal(await verdict(target), 'review', target);
  for (const target of ['src.utils.run', 'evil.Net', 'srcs.models.Net'])
    assert.equal(await verdict(target), 'suspicious', target);
  assert.equal(await verdict('subprocess.Popen'), 'malicious');
});
