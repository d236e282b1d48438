import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const NPM = ['registry', 'npmjs', 'org'].join('.');
const verdictOf = async (name: string, content: unknown): Promise<string> =>
  (
    await scanSource(
      name,
      new BytesSource(Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))),
    )
  ).verdict;

it('plugins, servers of tools and packages do not come from where no one has a name', async () => {
  for (const [name, content] of [
    ['.claude-plugin/marketplace.json', { plugins: [{ name: 'a', source: 'http://203.0.113.4/x.git' }] }],
    [
      '.claude-plugin/marketplace.json',
      { plugins: [{ source: { source: 'url', url: 'http://203.0.113.4/x.git' } }] },
    ],
    ['server.json', { packages: [{ registryType: 'mcpb', identifier: 'http://203.0.113.4/x.mcpb' }] }],
    ['.yarnrc.yml', 'npmRegistryServer: "http://203.0.113.4/"\n'],
    ['.yarnrc.yml', 'npmScopes:\n  a:\n    npmRegistryServer: http://npm.example.com\n'],
    ['package.json', { dependencies: { a: 'http://203.0.113.4/x.tgz' } }],
    ['package.json', { overrides: { a: { b: 'http://203.0.113.4/x.tgz' } } }],
  ] as const)
    assert.equal(await verdictOf(name, content), 'suspicious', JSON.stringify(content));
  for (const [name, content] of [
    ['package.json', { dependencies: { a: 'https://a.example.com/x.tgz' } }],
    ['package.json', { dependencies: { a: 'git+https://github.com/a/b.git#main' } }],
  ] as const)
    assert.equal(await verdictOf(name, content), 'review', JSON.stringify(content));
  for (const [name, content] of [
    [
      '.claude-plugin/marketplace.json',
      { plugins: [{ source: './plugins/a' }, { source: { source: 'github', repo: 'a/b' } }] },
    ],
    [
      '.claude-plugin/marketplace.json',
      { plugins: [{ source: { source: 'url', url: 'https://gitlab.com/a/b.git' } }] },
    ],
    [
      'server.json',
      {
        packages: [{ registryBaseUrl: `https://${NPM}`, identifier: '@a/b' }],
        remotes: [{ url: 'https://mcp.example.com/sse' }],
      },
    ],
    [
      '.yarnrc.yml',
      'nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.cjs\nnpmRegistryServer: https://npm.example.com\n',
    ],
    ['package.json', { dependencies: { a: '^1.0.0', b: 'workspace:*', c: 'github:a/b', d: 'npm:e@1' } }],
    ['package.json', { dependencies: { a: `git+https://github.com/a/b.git#${'0'.repeat(40)}` } }],
  ] as const)
    assert.equal(await verdictOf(name, content), 'clean', JSON.stringify(content));
});
