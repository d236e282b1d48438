import type { CodedError, ErrorCode, SystemSnapshot } from '@sallyport/core';
import { DIALECT_TABLE } from '@sallyport/models';
import { type OutgoingSettings, Upstreams } from './upstream.ts';

/** How one address of a system was found. */
export interface Reached {
  readonly url: string;
  /** Status of the answer; null where none came. */
  readonly status: number | null;
  /** Why none came. */
  readonly code: ErrorCode | null;
  /** What the network said: `ENOTFOUND`, `DEPTH_ZERO_SELF_SIGNED_CERT`; null where nothing more is known. */
  readonly cause: string | null;
}

/** What is asked of a system that any may be asked, by dialect. */
const ASKED = {
  openai: '/v1/models',
  anthropic: '/v1/models',
  ollama: '/api/tags',
  oip: '/v2/health/live',
} as const;

/**
 * Reaches each address of a system as its calls do: by the same rules over addresses, way out, certificates, gates, and with
 * its credential. Nothing of an answer is read but its status.
 * @param timeoutMs for each of them
 */
export async function reach(
  system: SystemSnapshot,
  { deadlines, outbound }: OutgoingSettings,
  timeoutMs: number,
): Promise<Reached[]> {
  const most = (ms: number): number => Math.min(ms, timeoutMs);
  const upstreams = new Upstreams(() => ({
    outbound,
    deadlines: {
      ...deadlines,
      connectMs: most(deadlines.connectMs),
      firstByteMs: most(deadlines.firstByteMs),
    },
  }));
  try {
    return await Promise.all(system.urls.map((url) => reachOne(upstreams, { ...system, urls: [url] }, url)));
  } finally {
    await upstreams.close();
  }
}

function reachOne(upstreams: Upstreams, system: SystemSnapshot, url: string): Promise<Reached> {
  const { apiKey, dialect } = system;
  return new Promise((done) => {
    let abort = (): void => {};
    upstreams.send(
      system,
      {
        method: 'GET',
        path: ASKED[dialect],
        headers: {
          'user-agent': 'sallyport',
          ...system.headers.set,
          ...(apiKey === null ? {} : DIALECT_TABLE[dialect].credential(apiKey)),
        },
        body: null,
      },
      {
        started: (control) => {
          abort = () => control.abort();
        },
        head: (status) => {
          done({ url, status, code: null, cause: null });
          abort();
        },
        data: () => {},
        end: () => {},
        fail: (fault: CodedError) => {
          const { code } = (fault.cause ?? {}) as { code?: unknown };
          done({ url, status: null, code: fault.code, cause: typeof code === 'string' ? code : null });
        },
      },
    );
  });
}
