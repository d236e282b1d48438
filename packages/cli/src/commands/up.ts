import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@sallyport/core';
import type { Exposure, NamedCredential } from '@sallyport/server';
import { loadConfig } from '@sallyport/server/local';
import type { Command } from '../commands.ts';
import { goOnUnread, print, printFault, printJson } from '../output.ts';
import { untilStopped } from '../stopping.ts';

/** Where the console lies once it is built. */
const CONSOLE = fileURLToPath(new URL('../../../console/dist/', import.meta.url));

/** `npm start` stands between a terminal and the server; when it is killed the server must not stay behind. */
function onParentGone(stop: () => void): void {
  const parent = Number(process.env['SALLYPORT_STARTED_BY'] ?? 0);
  if (parent === 0 || process.ppid !== parent) return;
  setInterval(() => process.ppid !== parent && stop(), 1_000).unref();
}

/** What lies open to whom, a line each; what is open wide has a second one that says what to do. */
const shown = (open: readonly Exposure[]): string[] =>
  open.flatMap(({ what, detail, wide, remedy }) =>
    wide
      ? [`  OPEN WIDE  ${what}: ${detail}`, `             ${remedy}`]
      : [`  ok         ${what}: ${detail}`],
  );

/** A system whose calls are refused until its credential is there. */
const unmet = (credential: NamedCredential, remedy: string): string[] => [
  `  BAD        credential of ${credential.system}: ${credential.lack}; calls to it are refused`,
  `             ${remedy}`,
];

/** Starts the server and stays until it is told to stop. */
export const up: Command = {
  name: 'up',
  usage: 'up [--gateway-port N] [--control-port N] [--no-demo] [--workers N]',
  summary: 'start the gateway and the control plane',
  options: {
    'gateway-port': { type: 'string' },
    'control-port': { type: 'string' },
    'no-demo': { type: 'boolean' },
    workers: { type: 'string' },
  },
  async run(options) {
    goOnUnread();
    // One that comes while the server starts asks for what it does anyway.
    let hangUp = (): void => {};
    process.on('SIGHUP', () => hangUp());
    const { configExposure, credentialsOf, exposure, remedyOf, startServer, unforeseen } = await import(
      '@sallyport/server'
    );
    process.on('unhandledRejection', unforeseen);
    const gatewayPort = options.whole('gateway-port', 0, 65_535);
    const controlPort = options.whole('control-port', 0, 65_535);
    const readConfig = (): Config => {
      const config = loadConfig(options.config);
      return {
        ...config,
        gateway: { ...config.gateway, port: gatewayPort ?? config.gateway.port },
        control: { ...config.control, port: controlPort ?? config.control.port },
      };
    };
    const server = await startServer({
      data: options.data,
      rootKey: options.rootKey,
      console: CONSOLE,
      demo: !options.flag('no-demo'),
      workers: options.whole('workers', 1, 16) ?? Math.max(1, availableParallelism() - 1),
      config: readConfig(),
      loadConfig: readConfig,
      configFile: resolve(options.config ?? 'sallyport.yaml'),
    });
    const stopped = untilStopped((stop) => {
      // A terminal that goes away ends the server; a service manager that hangs up asks it to read its settings again.
      hangUp = () => {
        if (process.stdin.isTTY) return stop();
        server.control.reload('signal:SIGHUP').catch((fault: Error) => {
          printFault(`sallyport: not reloaded, the settings before stay: ${fault.message}`);
        });
      };
      onParentGone(stop);
    });
    const { gatewayUrl, controlUrl, setupUrl, demo } = server;
    const open = [...(await exposure(server.control)), ...configExposure(options.config)];
    const lacking = (await credentialsOf(server.control)).filter(({ lack }) => lack !== null);
    if (options.json) {
      printJson({
        gateway: gatewayUrl,
        control: controlUrl,
        setup: setupUrl,
        demo: demo ? { key: demo.key, systems: demo.urls } : null,
        exposure: open,
        lacking,
      });
    } else {
      print('', `  Gateway        ${gatewayUrl}`, `  Console        ${controlUrl}`);
      if (setupUrl !== null) print(`  Set-up link    ${setupUrl}   (once, within 30 minutes)`);
      if (demo) {
        print(
          '',
          '  Two demonstration systems run behind the gates: helpdesk (a naive assistant), lending (credit screening).',
          '  Try one:',
          '',
          `  curl ${gatewayUrl}/v1/chat/completions -H 'authorization: Bearer ${demo.key}' -H 'content-type: application/json' -d '{"model":"helpdesk","messages":[{"role":"user","content":"Where is my refund? My card is 4111 1111 1111 1111"}]}'`,
        );
      }
      print(
        '',
        ...shown(open),
        ...lacking.flatMap((one) => unmet(one, remedyOf(one))),
        '',
        '  Ctrl-C stops.',
        '',
      );
    }
    await stopped;
    if (!options.json) print('  Stopping: calls in flight may end …');
    await server.stop();
    return 0;
  },
};
