import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import { openControl } from '@sallyport/server';
import { crashRepeatedly, prepareCrash } from './crash.ts';
import { killPrograms, startProgram } from './program.ts';

describe('crashes', () => {
  after(killPrograms);

  it('20 times kill -9 under load: nothing acknowledged is missing, the log verifies', async () => {
    const setting = await prepareCrash();
    const { acknowledged, crashes, ...faults } = await crashRepeatedly({ ...setting, crashes: 20 });
    await setting.fake.close();
    assert.ok(acknowledged > 100, `${acknowledged}`);
    assert.equal(crashes, 20);
    assert.deepEqual(faults, { missing: [], unfinished: 0, contentLost: [], problems: [] });
  });

  it('a call cut off by a crash is found at the next start and recorded as crashed', async () => {
    const setting = await prepareCrash();
    const { fake, data, rootKey, key } = setting;
    fake.answer = () => {};
    const { kill, gateway } = await startProgram(setting);
    const call = fetch(`${gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{"model":"main","messages":[{"role":"user","content":"x"}]}',
    }).catch(() => null);
    while (fake.requests.length === 0) await new Promise((tick) => setTimeout(tick, 10));
    await Promise.all([call, kill()]);
    const control = await openControl({ data, config: parseConfig({}), rootKey });
    const [row] = await control.exchanges({ limit: 1 });
    assert.equal(row!.outcome, 'crashed');
    await control.installation.close();
    await fake.close();
  });
});
