import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destroys } from '../src/text/destroys.ts';

describe('commands that remove everything', () => {
  for (const line of [
    'rm -rf ~',
    'rm -rf ~/*',
    'sudo rm -r -f /',
    'rm -fr "$HOME"',
    'rm --recursive --force $HOME/',
    'cd /tmp && rm -rf /*',
    'rm -rf --no-preserve-root /',
    "os.system('rm -rf ~/*')",
    'dd if=/dev/zero of=/dev/sda bs=1M',
    'mkfs.ext4 /dev/sda1',
    'del /f /s /q C:\\*',
  ])
    it(`are told: ${line}`, () => assert.equal(destroys(line), true));
  for (const line of [
    'rm -rf ~/.cache/pip',
    'rm -rf /var/lib/apt/lists/*',
    'rm -rf node_modules dist',
    'rm -f /etc/nginx/conf.d/default.conf',
    'rm ~/file',
    'rm -rf /usr/share/doc/*',
    'rm -rf "$HOME/.cargo"',
    'dd if=/dev/zero of=swapfile',
    'docker run --rm -it -v ~:/home image',
  ])
    it(`are not those that tidy up: ${line}`, () => assert.equal(destroys(line), false));
});
