import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { inspectLogLine } from '../src/discovery/access-log.ts';
import { HitList } from '../src/discovery/hit-list.ts';
import { serviceOfHost } from '../src/discovery/services.ts';
import { inspectSource } from '../src/discovery/source-tree.ts';
import { discover, isToldWhole } from '../src/index.ts';

const seen = (path: string, text: string): string[] => {
  const hits = new HitList();
  inspectSource(hits, path, text);
  return hits.all.map(({ service, kind, what, line }) => `${service} ${kind} ${what} ${line}`);
};

describe('hosts', () => {
  it('belong to services, those below them too, and nothing that only ends alike', () => {
    const KNOWN: readonly [string, string | null][] = [
      ['api.openai.com', 'openai'],
      ['API.OpenAI.com.', 'openai'],
      ['my-resource.openai.azure.com', 'azure-openai'],
      ['bedrock-runtime.eu-central-1.amazonaws.com', 'bedrock'],
      ['eu-central1-aiplatform.googleapis.com', null],
      ['localhost:11434', 'ollama'],
      ['notopenai.com', null],
      ['api.openai.com.evil.example', null],
      ['openai.com', null],
    ];
    for (const [host, service] of KNOWN) assert.equal(serviceOfHost(host)?.id ?? null, service, host);
  });
});

describe('sources', () => {
  it('of Python show imports, models and endpoints', () => {
    assert.deepEqual(
      seen(
        'app.py',
        `import os, json\nfrom openai import OpenAI\nfrom sklearn.linear_model import Ridge\nfrom google import genai\nimport numpy as np\nclient = OpenAI(base_url="https://api.openai.com/v1")\nclient.chat(model="gpt-4o-mini")\nkey = os.environ["OPENAI_API_KEY"]\n`,
      ),
      [
        'openai import openai 2',
        'local import sklearn 3',
        'google import google 4',
        'openai endpoint api.openai.com 6',
        'openai variable OPENAI_API_KEY 8',
        'openai model gpt-4o-mini 7',
      ],
    );
  });
  it('of other languages, manifests and settings', () => {
    assert.deepEqual(
      seen(
        'app.ts',
        `import Anthropic from '@anthropic-ai/sdk';\nconst { x } = require("openai/resources");\nimport './openai';\n`,
      ),
      ['anthropic import @anthropic-ai/sdk 1', 'openai import openai/resources 2'],
    );
    assert.deepEqual(seen('main.go', `import (\n  "github.com/sashabaranov/go-openai"\n)\n`), [
      'openai import github.com/sashabaranov/go-openai 2',
    ]);
    assert.deepEqual(seen('package.json', `{"dependencies":{"ollama":"1","left":"2"}}`), [
      'ollama package ollama 1',
    ]);
    assert.deepEqual(seen('requirements.txt', 'requests==1\ncohere==5.0\n'), ['cohere package cohere 2']);
    assert.deepEqual(
      seen('values.yaml', `llm:\n  model: claude-sonnet-4-5\n  url: http://localhost:11434\n`),
      ['ollama endpoint localhost:11434 3', 'anthropic model claude-sonnet-4-5 2'],
    );
  });
  it('of manifests show packages', () => {
    const MANIFESTS: readonly (readonly [string, string, string])[] = [
      ['pyproject.toml', '[project]\ndependencies = [\n"openai>=1"]\n', 'openai package openai 3'],
      ['pyproject.toml', '[tool.poetry.dependencies]\nopenai = "^1"\n', 'openai package openai 2'],
      ['Pipfile', '[packages]\nopenai = "*"\n', 'openai package openai 2'],
      ['setup.cfg', '[options]\ninstall_requires =\n  openai\n', 'openai package openai 3'],
      ['setup.py', 'setup(install_requires=["openai>=1.0"])\n', 'openai package openai 1'],
      ['Cargo.toml', '[dependencies]\nasync-openai = "0.1"\n', 'openai package async-openai 2'],
      [
        'build.gradle.kts',
        'dependencies {\n  implementation("com.openai:openai-java:1.0")\n}\n',
        'openai package com.openai:openai-java 2',
      ],
      ['setup.py', 'import openai\n', 'openai import openai 1'],
      ['pyproject.toml', '[tool.x]\nmodel = "gpt-4o-mini"\n', 'openai model gpt-4o-mini 2'],
    ];
    for (const [name, text, hit] of MANIFESTS) assert.ok(seen(name, text).includes(hit), `${name}: ${text}`);
  });
  it('of notebooks show the imports of their cells', () => {
    const cell = (source: unknown): object => ({ cell_type: 'code', source });
    const sources: readonly unknown[] = [
      'import openai\nx = 1',
      ['x = "1"\n', 'from openai import OpenAI\n'],
    ];
    for (const source of sources)
      for (const space of [undefined, 1]) {
        const text = JSON.stringify({ nbformat: 4, cells: [cell('y = 2'), cell(source)] }, null, space);
        const line = text.slice(0, text.indexOf('openai')).split('\n').length;
        assert.deepEqual(seen('a.ipynb', text), [`openai import openai ${line}`], text);
      }
    assert.deepEqual(
      seen('a.ipynb', '{"nbformat":4,"cells":[{"cell_type":"markdown","source":"import openai"}]}'),
      [],
    );
  });
  it('of innocent words show nothing', () => {
    assert.deepEqual(
      seen(
        'notes.py',
        `# the operation of grok and gemini twins, o1 notation, command-line\nimport together_forever\nfrom . import ollama_like\nurl = "https://example.com/api.openai.com.html"\nmodel = "random-forest"\n`,
      ).filter((hit) => !hit.includes('endpoint')),
      [],
    );
  });
});

describe('logs', () => {
  const LINES: Readonly<Record<string, string>> = {
    squid:
      '1763769600.123    205 10.1.2.3 TCP_TUNNEL/200 6321 CONNECT api.openai.com:443 alice HIER_DIRECT/1.2.3.4 -',
    apache: '10.1.2.3 - alice [22/Nov/2025:00:00:00 +0000] "CONNECT api.openai.com:443 HTTP/1.1" 200 -',
    bind: '2025-11-22T00:00:00Z client @0x7f 10.1.2.3#51515 (api.openai.com): query: api.openai.com IN A + (10.0.0.1)',
    dnsmasq: '2025-11-22 00:00:00 dnsmasq[12]: query[A] api.openai.com from 10.1.2.3',
    route53: '{"query_timestamp":"2025-11-22T00:00:00Z","query_name":"api.openai.com.","srcaddr":"10.1.2.3"}',
    zeek: '{"ts":1763769600.5,"id.orig_h":"10.1.2.3","server_name":"api.openai.com"}',
  };
  for (const [name, line] of Object.entries(LINES))
    it(`of ${name} name the client and the time`, () => {
      const hits = new HitList();
      inspectLogLine(hits, line, 'the log');
      assert.equal(hits.all.length, 1);
      const [hit] = hits.all;
      assert.deepEqual(
        [hit!.service, hit!.what, hit!.where, hit!.count],
        ['openai', 'api.openai.com', '10.1.2.3', 1],
      );
      assert.match(hit!.lastAt!, /^2025-11-22T00:00:00/);
    });
});

describe('discovery', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-discover-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (path: string, content: string | Uint8Array): string => {
    const whole = join(folder, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, content);
    return whole;
  };

  it('reads notebooks in UTF-16', async () => {
    const text = '{"nbformat":4,"cells":[{"cell_type":"code","source":["import openai\\n"]}]}';
    for (const bytes of [
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    ]) {
      const path = put('wide/a.ipynb', bytes);
      const { hits } = await discover([path]);
      assert.deepEqual(
        hits.map(({ kind, what }) => `${kind} ${what}`),
        ['import openai'],
      );
    }
  });

  it('finds seeded uses in sources and logs, and secrets beside them, and repeats no secret', async () => {
    const key = `sk-${'proj'}-${'Ab1'.repeat(24)}T3BlbkFJ${'Cd2'.repeat(24)}Zz`;
    put('src/app.py', `from anthropic import Anthropic\nkey = "${key}"\n`);
    put('src/node_modules/openai/index.js', `require('openai')`);
    put('src/plain.py', 'print("hello")\n');
    const line =
      '10.9.8.7 - bob [22/Nov/2025:00:00:00 +0000] "CONNECT chat.deepseek.com:443 HTTP/1.1" 200 -\n';
    const log = put('proxy.log.gz', gzipSync(line.repeat(3)));
    const report = await discover([join(folder, 'src')], [log]);
    assert.equal(report.logLines, 3);
    assert.deepEqual(
      report.hits.map(({ service, kind, count }) => `${service} ${kind} ${count}`),
      ['anthropic import 1', 'deepseek traffic 3'].sort(
        (a, b) => Number(a.includes('traffic')) - Number(b.includes('traffic')),
      ),
    );
    const techniques = report.files.flatMap(({ detections }) => detections.map(({ technique }) => technique));
    assert.equal(techniques.filter((one) => one === 'unsanctioned-ai').length, 2);
    assert.ok(!JSON.stringify(report).includes('Ab1Ab1'), 'the secret is not repeated');
    const sanctioned = await discover([join(folder, 'src')], [], {
      isSanctioned: ({ service }) => service === 'anthropic',
    });
    assert.ok(!JSON.stringify(sanctioned.files).includes('unsanctioned-ai'));
    await assert.rejects(discover([join(folder, 'nowhere')]), { code: 'ENOENT' });
    await assert.rejects(discover([], [join(folder, 'nowhere.log')]), { code: 'ENOENT' });
  });

  const line = (host: string, client: string): string =>
    `${client} - - [22/Nov/2025:00:00:00 +0000] "CONNECT ${host}:443 HTTP/1.1" 200 -\n`;
  it('reads a log that is cut short as far as it goes, says so, and reads the others', async () => {
    const whole = gzipSync(
      Array.from({ length: 20_000 }, (_, n) => line('api.openai.com', `10.0.${n >> 8}.1`)).join(''),
    );
    const cut = put('cut/a.log.gz', whole.subarray(0, whole.length - 200));
    const broken = put('cut/b.log.gz', 'this is no gzip');
    const good = put('cut/c.log', line('api.mistral.ai', '10.9.9.9'));
    const { files, hits, summary } = await discover([], [cut, broken, good]);
    assert.equal(summary.verdict, 'incomplete');
    assert.deepEqual(
      files.filter(({ verdict }) => verdict === 'incomplete').map(({ path }) => path),
      [cut, broken],
    );
    assert.match(
      files.find(({ path }) => path === cut)!.detections[0]!.message,
      /^is not read to its end, after \d+ lines: unexpected end of file/,
    );
    assert.ok(hits.some(({ service, where }) => service === 'openai' && where === '10.0.1.1'));
    assert.ok(hits.some(({ service, where }) => service === 'mistral' && where === '10.9.9.9'));
  });

  it('reads lines of any length, and cuts no host in two', async () => {
    const record = '{"host":"api.openai.com","pad":"xxxxxxxxxxxxx"},';
    const one = put('long/one.log', `[${record.repeat(20_000)}{"host":"api.mistral.ai"}]`);
    const bare = put('long/bare.log.gz', gzipSync(Buffer.alloc(50_000_000, 120)));
    const { hits, logLines } = await discover([], [one, bare]);
    assert.equal(logLines, 2);
    assert.deepEqual(hits.map(({ what }) => what).sort(), ['api.mistral.ai', 'api.openai.com']);
  });

  const key = (n: number): string => `${n}7bQ9xZ2mK4pR8sT1vW5yC3dF6gH0jL7bQ9`.slice(0, 32);
  it('tells the gravest of many secrets, and how many it leaves out', async () => {
    const words = Array.from({ length: 300 }, (_, n) => `api_key_${n} = "${key(n)}"`);
    const path = put(
      'secrets/app.py',
      [...words, ...[1, 2, 3].map((n) => `a = "ghp_${key(n)}9xZ2"`)].join('\n'),
    );
    const [file] = (await discover([path])).files;
    const count = (technique: string): number =>
      file!.detections.filter((one) => one.technique === technique).length;
    assert.equal(count('secret-in-source'), 3);
    assert.equal(count('possible-secret'), 97);
    const limit = file!.detections.find(({ technique }) => technique === 'findings-limit');
    assert.match(limit!.message, /^secrets: 203 more were found and are left out/);
    assert.equal(isToldWhole(file!), false);
    assert.match(file!.sha256!, /^[0-9a-f]{64}$/);
  });

  it('tells of uses beyond those that are kept where they are, and sanctioned ones take no room', async () => {
    const sanctioned = put(
      'uses/a.log',
      Array.from({ length: 20_001 }, (_, n) =>
        line('api.openai.com', `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`),
      ).join(''),
    );
    const last = put('uses/b.log', line('api.mistral.ai', '10.9.9.9'));
    const known = { isSanctioned: ({ service }: { service: string }) => service === 'openai' };
    const shown = await discover([], [sanctioned, last], known);
    assert.ok(shown.hits.some(({ service }) => service === 'mistral'));
    const { files, hits, summary } = await discover([], [sanctioned, last]);
    assert.equal(hits.length, 20_000);
    assert.equal(summary.verdict, 'incomplete');
    for (const path of [sanctioned, last])
      assert.match(
        files.find((one) => one.path === path)!.detections[0]!.message,
        /^uses of AI: 1 more were found and are left out/,
      );
  });
});
