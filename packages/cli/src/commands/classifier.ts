import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { CodedError } from '@sallyport/core';
import type { Command } from '../commands.ts';
import { goOnUnread, print, printJson } from '../output.ts';
import { untilStopped } from '../stopping.ts';

/** Serves a classifier of texts from a folder, for a second tier to ask. */
export const classifier: Command = {
  name: 'classifier',
  usage: 'classifier FOLDER [--port 9100] [--name NAME]',
  summary:
    'serve an ONNX classifier of texts from a folder on loopback, such as Prompt Guard; a `judge:` asks it',
  options: { port: { type: 'string' }, name: { type: 'string' } },
  run: async (options) => {
    const [folder] = options.positionals;
    if (folder === undefined)
      throw new CodedError('usage', 'name a folder with model.onnx, tokenizer.json and config.json');
    const port = Number(options.text('port') ?? 9_100);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new CodedError('usage', '--port takes a number from 0 to 65535');
    const name = options.text('name') ?? basename(resolve(folder));
    if (!/^\w[\w.-]{0,127}$/.test(name))
      throw new CodedError('usage', 'name the model with --name: letters, figures, points and dashes');
    const { classifierServer } = await import('@sallyport/server');
    const server = await classifierServer(folder, name, Math.max(1, availableParallelism() - 1)).catch(
      (fault: Error) => {
        throw new CodedError('request-invalid', fault.message, { cause: fault });
      },
    );
    await new Promise<void>((done, fail) => {
      server.once('error', (fault) => fail(new CodedError('usage', `cannot listen: ${fault.message}`)));
      server.listen(port, '127.0.0.1', done);
    });
    const stopped = untilStopped();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (options.json) printJson({ url, model: name });
    else print(`${name} answers at ${url}; a system with dialect oip and this address can be a judge`);
    goOnUnread();
    await stopped;
    server.close();
    server.closeAllConnections();
    return 0;
  },
};
