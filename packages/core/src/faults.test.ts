import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fileFault, toCodedError } from './faults.ts';

it('a full disk is told as one, and not as a fault of the program', () => {
  const full = [
    Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }),
    Object.assign(new Error('quota'), { code: 'EDQUOT' }),
    Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 }),
  ];
  for (const fault of full) {
    const coded = toCodedError(fault);
    assert.deepEqual([coded.code, coded.message], ['record-unavailable', 'the disk is full']);
    assert.equal(coded.cause, fault);
  }
  const locked = { code: 'ERR_SQLITE_ERROR', errcode: 5 };
  for (const fault of [new Error('x'), locked, null, undefined, 'text'])
    assert.equal(toCodedError(fault).code, 'internal');
});

it('what keeps the embedded database from being used is told in words', () => {
  const cases: [errcode: number, code: string, message: RegExp][] = [
    [8, 'record-unavailable', /read-only/],
    [1032, 'record-unavailable', /read-only/],
    [14, 'record-unavailable', /cannot be opened/],
    [11, 'state-lost', /damaged/],
    [26, 'state-lost', /not a database/],
  ];
  for (const [errcode, code, message] of cases) {
    const fault = Object.assign(new Error('told'), { code: 'ERR_SQLITE_ERROR', errcode });
    const coded = toCodedError(fault);
    assert.equal(coded.code, code);
    assert.match(coded.message, message);
  }
});

it('a file that cannot be used is named to the owner of the machine, and to no caller of the API', () => {
  const fault = Object.assign(new Error('EROFS'), { code: 'EROFS', path: '/data/x' });
  const coded = toCodedError(fault);
  assert.equal(coded.code, 'internal');
  assert.doesNotMatch(coded.message, /data/);
  const told = fileFault(coded);
  assert.deepEqual(
    [told.code, told.message],
    ['file-unusable', '`/data/x` cannot be used: the disk is read-only'],
  );
  const other = toCodedError(new Error('x'));
  assert.equal(fileFault(other), other);
});
