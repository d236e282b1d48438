import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const verdictOf = async (name: string, content: string): Promise<string> =>
  (await scanSource(name, new BytesSource(Buffer.from(content)))).verdict;
const check = async (one: Record<string, unknown>, verdict: string): Promise<void> => {
  const shown = JSON.stringify(one);
  const at = { model_type: 'llava', text_config: one };
  assert.equal(await verdictOf('config.json', JSON.stringify({ name: 'x', ...one })), verdict, shown);
  assert.equal(await verdictOf('config.json', JSON.stringify(at)), verdict, `within: ${shown}`);
  assert.equal(await verdictOf('config.yaml', `serve: ${shown}\n`), verdict, `YAML: ${shown}`);
};

describe('a key of a configuration by which a library loads code', () => {
  it('is suspicious where it names code of others (CVE-2026-4372 among them)', async () => {
    for (const one of [
      { _attn_implementation_internal: 'evil/kernels' },
      { _experts_implementation_internal: 'evil/kernels@main:fn' },
      { kernel_config: { kernel_mapping: { RMSNorm: 'evil/repo:RMS' } } },
      { kernel_config: { kernel_mapping: { RMSNorm: { cuda: { inference: 'evil/repo:RMS' } } } } },
      { custom_generate: 'evil/repo' },
      { model_type: 'x', model_file: 'modeling.py' },
      { worker_cls: 'evil.Worker' },
      { 'worker-cls': 'evil.worker:Worker' },
      { 'worker-extension-cls': 'evil.Worker' },
      { 'scheduler-cls': 'evil.Scheduler' },
      { logits_processors: ['evil.module:Class'] },
      { 'logits-processors': 'evil.module:Class' },
      { tool_parser_plugin: '/tmp/plugin.py' },
      { 'reasoning-parser-plugin': 'plugin.py' },
      { kv_transfer_config: { kv_connector_module_path: 'evil' } },
      { compilation_config: { inductor_compile_config: {}, inductor_passes: { a: 'evil.fn' } } },
      { model: 'a/b', middleware: ['evil.Middle'] },
      { 'trust-remote-code': true },
      { tokenizer_class: 'evil.Tokenizer' },
      { pretrained_cfg: { file: '/tmp/x.pth' } },
      { pretrained_cfg: { url: 'http://evil.example/x.pth' } },
    ])
      await check(one, 'suspicious');
  });

  it('is for a person to see where it takes weights or a plugin by name', async () => {
    await check({ pretrained_cfg: { url: 'https://models.example/x.pth' } }, 'review');
    await check({ pretrained_cfg_overlay: { hf_hub_id: 'a/b' } }, 'review');
    await check({ io_processor_plugin: 'prithvi_to_tiff' }, 'review');
  });

  it('is clean where it names what the library brings, or nothing', async () => {
    for (const one of [
      { _attn_implementation_internal: 'sdpa', _attn_implementation_autoset: true },
      { _attn_implementation_internal: { text_config: 'eager', vision_config: 'flash_attention_2' } },
      { custom_generate: null, logits_processors: null, kernel_config: null },
      { worker_cls: 'auto', scheduler_cls: 'vllm.v1.core.sched.scheduler.Scheduler' },
      { worker_cls: 'vllm.v1.worker.gpu_worker.Worker', distributed_executor_backend: 'mp' },
      { logits_processors: [] },
      { model_type: 'x', model_file: 'model.safetensors' },
      { tokenizer_class: 'LlamaTokenizerFast' },
      { tokenizer_class: 'sentence_transformers.models.tokenizer.WhitespaceTokenizer' },
      { middleware: ['django.middleware.common.CommonMiddleware'] },
      { pretrained_cfg: { tag: 'a1_in1k', custom_load: false, url: '', input_size: [3, 224, 224] } },
      { speculative_config: { model: 'a/draft', num_speculative_tokens: 4 } },
    ])
      await check(one, 'clean');
  });
});
