import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DEFAULT_BUDGET } from '../src/budget.ts';
import { PackageInspection } from '../src/dependencies/package-inspection.ts';
import { FileScan } from '../src/inspection.ts';
import { AllowList } from '../src/pickle/allow-list.ts';
import { isToldWhole } from '../src/wholeness.ts';

it('a file with more findings than are kept tells something of each kind, and is not told whole', () => {
  const file = new FileScan(new AllowList([]), DEFAULT_BUDGET);
  for (let n = 0; n < 2000; n++) file.add('notebook-command', `cell ${n}`, { path: 'n.ipynb' });
  for (let n = 0; n < 3; n++) file.add('code-execution', `call ${n}`, { path: 'n.ipynb' });
  file.end('n.ipynb');
  const kinds = file.detections.map(({ technique }) => technique);
  assert.deepEqual([...new Set(kinds)], ['notebook-command', 'code-execution', 'findings-limit']);
  assert.match(file.detections.at(-1)!.message, /^1490 more were found and are left out/);
  assert.ok(kinds.length < 600);
  const { detections, verdict } = file;
  const report = { path: 'n.ipynb', format: 'json', bytes: 1, sha256: null, verdict, detections };
  assert.equal(isToldWhole(report), false);
  assert.equal(isToldWhole({ ...report, detections: detections.slice(0, 9) }), true);
});

it('a list of packages with more findings than are kept tells something of each kind', () => {
  const list = new PackageInspection('a.lock', '');
  for (let n = 0; n < 2500; n++) list.report('exploited-vulnerability', `package ${n}`);
  list.report('malicious-package', 'made to harm');
  list.report('unreadable-lock', 'holds what is not read');
  const told = list.detections();
  const kinds = new Set(told.map(({ technique }) => technique));
  assert.deepEqual([...kinds].sort(), [
    'exploited-vulnerability',
    'findings-limit',
    'malicious-package',
    'unreadable-lock',
  ]);
  assert.equal(told.length, 2000);
  assert.match(told.find(({ technique }) => technique === 'findings-limit')!.message, /^502 more/);
});
