import type { Config } from '@sallyport/core';
import { createApp } from './app.ts';
import { localUser, openControl } from './control.ts';

/** The API of an installation opened for one command: the same application, without a socket. */
export interface LocalApi {
  request(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** Takes the lock on a data folder and opens its API. @throws CodedError `data-locked` */
export async function localApi(options: {
  data: string;
  config: Config;
  rootKey: string | undefined;
  create: boolean;
}): Promise<LocalApi> {
  const control = await openControl(options);
  const app = createApp(control, [], null);
  return {
    request: async (method, path, body) => {
      const content = body === undefined ? null : JSON.stringify(body);
      const headers: Record<string, string> =
        content === null
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) };
      const response = await app.fetch(
        new Request(`http://localhost${path}`, { method, headers, body: content }),
        { local: localUser(), address: 'local' },
      );
      return { status: response.status, text: await response.text() };
    },
    close: () => control.close(),
  };
}
