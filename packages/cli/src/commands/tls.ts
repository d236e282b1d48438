import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import { authorityPath } from '@sallyport/server/local';
import { rootKeyPath } from '@sallyport/vault';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { linesOf, print, printJson, table } from '../output.ts';

interface Endpoint {
  readonly name: string;
  readonly url: string;
  readonly protocol: string | null;
  readonly group: string | null;
  readonly expiresAt: string | null;
  readonly problem: string | null;
}

/** Asks every listener and upstream what it agrees to. */
export const tlsProbe: Command = {
  name: 'tls probe',
  usage: 'tls probe',
  summary: 'ask every listener and every endpoint that is called: protocol, key agreement, expiry',
  async run(options) {
    const { endpoints } = await withClient(options, (client) =>
      client.call<{ endpoints: Endpoint[] }>('GET', '/api/v1/tls'),
    );
    if (options.json) printJson({ endpoints });
    else
      print(
        ...table(
          ['NAME', 'URL', 'PROTOCOL', 'KEYS', 'EXPIRES', 'PROBLEM'],
          endpoints.map(({ name, url, protocol, group, expiresAt, problem }) => [
            name,
            url,
            protocol ?? (url.startsWith('http:') ? 'none' : '-'),
            group ?? '-',
            expiresAt?.slice(0, 10) ?? '-',
            problem ?? '',
          ]),
        ),
      );
    return endpoints.some(({ problem }) => problem !== null) ? 1 : 0;
  },
};

/** Prints what clients are to trust. */
export const tlsAuthority: Command = {
  name: 'tls authority',
  usage: 'tls authority',
  summary: 'print the certificate that clients are to trust where `tls.generated` is set (PEM)',
  async run(options) {
    const file = join(resolve(options.data), 'installation.json');
    if (!existsSync(file)) throw new CodedError('usage', `there is no installation in \`${options.data}\``);
    const { id } = JSON.parse(readFileSync(file, 'utf8')) as { id: string };
    const path = authorityPath({ path: rootKeyPath(options.rootKey, id) }, id);
    if (!existsSync(path))
      throw new CodedError('usage', 'nothing was generated yet: set `tls: {generated: true}` and start');
    if (options.json) printJson({ file: path, certificate: readFileSync(path, 'utf8') });
    else print(...linesOf(readFileSync(path, 'utf8').trim()));
    return 0;
  },
};
