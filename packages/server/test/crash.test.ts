import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '@sallyport/core';
import { openControl } from '@sallyport/server';
import { crashRepeatedly, prepareCrash, startProcess } from './crash.ts';

describe('crashes', () => {
  it('20 times kill -9 under load: nothing acknowledged is missing, the log verifies', async () => {
    const { fake, data, config, key } = await prepareCrash();
    const report = await crashRepeatedly({ fake, data, config, key, crashes: 20 });
    await fake.close();
    assert.ok(report.acknowledged > 100, `${report.acknowledged}`);
    assert.deepEqual(
      { missing: report.missing, unfinished: report.unfinished, problems: report.problems },
      { missing: [], unfinished: 0, problems: [] },
    );
  });

  it('a call cut off by a crash is found at the next start and recorded as crashed', async () => {
    const { fake, data, config, key } = await prepareCrash();
    fake.answer = () => {};
    const { child, gateway } = await startProcess(data, config);
    const call = fetch(`${gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{"model":"main","messages":[{"role":"user","content":"x"}]}',
    }).catch(() => null);
    while (fake.requests.length === 0) await new Promise((tick) => setTimeout(tick, 10));
    const exited = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await Promise.all([call, exited]);
    const control = await openControl({ data, config: parseConfig({}), rootKey: `${data}.key` });
    const [row] = await control.exchanges({ limit: 1 });
    assert.equal(row!.outcome, 'crashed');
    await control.installation.close();
    await fake.close();
  });
});
