import assert from 'node:assert/strict';
import { it } from 'node:test';
import { toCodedError } from './errors.ts';

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
