import { CodedError, GatheredBytes, type SystemSnapshot } from '@sallyport/core';
import { DIALECT_TABLE } from '@sallyport/models';
import type { Upstreams } from './upstream.ts';

/** Bytes of an answer that is read. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/**
 * Asks a system something on our own behalf, over the same guarded connections as calls.
 * @returns the answer as parsed
 * @throws CodedError `upstream-unreachable`, `upstream-timeout`, `upstream-invalid`, `upstream-too-large`
 */
export function askSystem(
  upstreams: Upstreams,
  system: SystemSnapshot,
  path: string,
  body: unknown,
  timeoutMs: number,
): Promise<unknown> {
  return new Promise((done, fail) => {
    const gathered = new GatheredBytes();
    let status = 0;
    let abort: (() => void) | null = null;
    let over = false;
    const finish = (act: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      act();
    };
    const stop = (fault: CodedError): void => {
      finish(() => fail(fault));
      abort?.();
    };
    const timer = setTimeout(
      () => stop(new CodedError('upstream-timeout', `\`${system.name}\` gave no answer in time`)),
      timeoutMs,
    );
    const { apiKey } = system;
    upstreams.send(
      system,
      {
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'sallyport',
          ...system.headers.set,
          ...(apiKey === null ? {} : DIALECT_TABLE[system.dialect].credential(apiKey)),
        },
        body: Buffer.from(JSON.stringify(body)),
      },
      {
        started: (control) => {
          abort = () => control.abort();
          if (over) abort();
        },
        head: (code) => {
          status = code;
        },
        data: (chunk) => {
          if (gathered.bytes + chunk.length > ANSWER_BYTES_MAX) stop(new CodedError('upstream-too-large'));
          else gathered.push(chunk);
        },
        end: () =>
          finish(() => {
            if (status !== 200)
              return fail(new CodedError('upstream-invalid', `\`${system.name}\` answered with ${status}`));
            try {
              done(JSON.parse(gathered.whole().toString()));
            } catch {
              fail(new CodedError('upstream-invalid', `\`${system.name}\` answered with no JSON`));
            }
          }),
        fail: (fault) => finish(() => fail(fault)),
      },
    );
  });
}
