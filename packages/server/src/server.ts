import { existsSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import {
  clientCertificate,
  connectionsWithin,
  LISTENER_OPTIONS,
  Listener,
  openFilesMax,
  openFilesState,
  TrustedProxies,
  tlsServerOptions,
} from '@sallyport/access';
import { CodedError, type Config, isLoopback, type ListenerTls, newEvent } from '@sallyport/core';
import { GatewayPool, WORKERS_MAX } from '@sallyport/gateway';
import { askEveryRoute, askForDataset, createApp } from './app.ts';
import { holdsAgain, REVOKE_AGAIN, restoredNote } from './backups/restored-note.ts';
import { type Control, localActor, localUser, openControl } from './control.ts';
import { controlSocketPath } from './control-socket.ts';
import { type Demo, startDemo } from './demo/demo.ts';
import { gatewayReports } from './gateway-reports.ts';
import { takeAwayUngiven } from './group-roles.ts';
import { GuardDesk } from './guard-desk.ts';
import { readGuardModels } from './guard-models.ts';
import { log, unforeseen } from './log.ts';
import { Monitor } from './monitor.ts';
import { startPeriodicWork } from './periodic-work.ts';
import { followTelemetry } from './telemetry.ts';
import { requireTls } from './tls/listener.ts';

const DRAIN_MS = 10_000;

/** How a server is started. */
export interface ServerOptions {
  readonly data: string;
  readonly config: Config;
  readonly rootKey?: string | undefined;
  readonly demo: boolean;
  readonly workers: number;
  /** Reads the configuration anew, for a reload. */
  readonly loadConfig?: () => Config;
  /** The file that it reads, to be named to people. */
  readonly configFile?: string;
  /** Folder of the built console; null or absent serves the API alone. */
  readonly console?: string | null;
  /** Off only in benches that price the rest of the pipeline. */
  readonly detectors?: boolean;
}

/** A server that runs. */
export interface RunningServer {
  readonly control: Control;
  readonly gatewayUrl: string;
  readonly controlUrl: string;
  /** Null once there is an administrator. */
  readonly setupUrl: string | null;
  readonly demo: Demo | null;
  stop(): Promise<void>;
}

function listen(
  server: Server,
  where: { host: string; port: number } | { path: string },
  name: string,
): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const place = 'port' in where ? `port ${where.host}:${where.port}` : where.path;
      fail(
        error.code === 'EADDRINUSE'
          ? new CodedError(
              'address-in-use',
              `${place} of the ${name} is taken; choose another with --${name}-port`,
            )
          : new CodedError('config-invalid', `the ${name} cannot listen on ${place}: ${error.code}`),
      );
    });
    server.listen(where, () => done());
  });
}

const shown = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Starts everything: opens the data folder, runs the gateway, serves the control plane. @throws CodedError */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config } = options;
  requireTls(config);
  const control = await openControl({ data: options.data, config, rootKey: options.rootKey });
  const closing: (() => Promise<void>)[] = [() => control.close()];
  const stop = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse())
      await step().catch((fault: Error) =>
        log('error', 'a part did not stop cleanly', { fault: fault.message }),
      );
  };
  try {
    const { certificates } = control.snapshots;
    if (await certificates.renew(config, control.installation))
      log(
        'info',
        'certificates were issued here; clients are to trust what `sallyport tls authority` prints',
      );
    const tls = {
      gateway: certificates.of(config.gateway, 'gateway'),
      control: certificates.of(config.control, 'control'),
    };
    const demo = options.demo ? await startDemo(control) : null;
    if (demo) closing.push(demo.stop);
    const openFiles = openFilesMax();
    const connections = connectionsWithin(openFiles);
    const [enough, detail, remedy] = openFilesState(openFiles);
    if (!enough) log('warn', `few files may be open: ${detail}`, { remedy });
    const models = readGuardModels();
    const guard = new GuardDesk(models, () => control.snapshots.rules);
    control.guard = guard;
    closing.push(async () => guard.close());
    const gateway = await GatewayPool.start({
      config,
      workers: options.workers,
      run: control.installation.run,
      connectionsMax: connections.gateway,
      snapshot: await control.state(),
      counters: control.snapshots.counters,
      models,
      append: (entries) => control.installation.room.appendCalls(entries),
      ...gatewayReports(control),
      onUnforeseen: unforeseen,
      isRecordable: () => control.installation.recordFault === null,
      ...(options.detectors === undefined ? {} : { detectors: options.detectors }),
    });
    control.gateway = gateway;
    control.loadConfig = options.loadConfig ?? null;
    control.configFile = options.configFile ?? null;
    closing.push(() => gateway.stop(DRAIN_MS));
    const gatewayUrl = `${tls.gateway ? 'https' : 'http'}://${shown(config.gateway.host)}:${gateway.port}`;
    control.gatewayUrl = gatewayUrl;
    const monitor = new Monitor(control, Math.min(options.workers, WORKERS_MAX));
    await monitor.restore();
    const unfollow = monitor.follow();
    closing.push(async () => unfollow());
    control.monitor = monitor;
    closing.push(await followTelemetry(control));
    const controlUrl = await serveControl(
      control,
      { tls: tls.control, connectionsMax: connections.control, console: options.console ?? null },
      closing,
    );
    control.controlUrl = controlUrl;
    control.consoleUrl = config.control.publicUrl?.replace(/\/$/, '') ?? controlUrl;
    await control.installation.announce(
      newEvent('server-started', {
        actor: localActor(),
        subject: 'organisation',
        data: { workers: options.workers, demo: options.demo },
      }),
    );
    const restored = restoredNote(control.installation.folder);
    if (restored)
      log('warn', `this data is as of ${restored.asOf}: ${holdsAgain(restored.asOf)}`, {
        remedy: `${REVOKE_AGAIN}; remove ${restored.file} when that is done`,
      });
    await control.keyOwners.begin();
    await takeAwayUngiven(control, true);
    await control.accounts.signIn.warm();
    const token = await control.accounts.links.first();
    closing.push(startPeriodicWork(control, monitor));
    return {
      control,
      gatewayUrl,
      controlUrl,
      setupUrl: token === null ? null : `${control.consoleUrl}/setup#token=${token}`,
      demo,
      stop: async () => {
        await control.installation
          .announce(newEvent('server-stopped', { actor: localActor(), subject: 'organisation' }))
          .catch(() => {});
        await stop();
      },
    };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

/** Serves the control plane on its port, and on the socket in the data folder for commands. */
async function serveControl(
  control: Control,
  served: { tls: ListenerTls | null; connectionsMax: number; console: string | null },
  closing: (() => Promise<void>)[],
): Promise<string> {
  const { config, installation } = control;
  const { tls, connectionsMax } = served;
  const { host, port, hosts, publicUrl } = config.control;
  const reached = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  const names = ['localhost', '127.0.0.1', '[::1]', shown(host), ...hosts, ...reached].map((name) =>
    name.toLowerCase(),
  );
  const app = createApp(control, names, served.console);
  control.askRoutes = () => askEveryRoute(app);
  control.askDataset = (name, label) => askForDataset(app, name, label);
  const proxies = new TrustedProxies(config.control.trustedProxies);
  const handler = (local: string | null) =>
    getRequestListener(
      (request, env) => {
        const { socket, headers } = (env as { incoming: IncomingMessage }).incoming;
        const address =
          local === null
            ? proxies.client(
                socket.remoteAddress ?? 'unknown',
                headers['x-forwarded-for'] as string | undefined,
              )
            : 'local';
        const certificate = local === null ? clientCertificate(socket) : null;
        const { publicUrl } = control.config.control;
        const listener =
          local === null
            ? { scheme: tls ? ('https' as const) : ('http' as const), port: socket.localPort ?? 0 }
            : undefined;
        return app.fetch(request, { local, address, certificate, publicUrl, listener });
      },
      { overrideGlobalObjects: false },
    );
  const limits = { ...LISTENER_OPTIONS, requestTimeout: 30_000 };
  const outer = tls
    ? createTlsServer({ ...limits, ...tlsServerOptions(tls) }, handler(null))
    : createHttpServer(limits, handler(null));
  const ofMany = (address: string): boolean => proxies.trusts(address);
  const callers = new Listener(outer, { connectionsMax, ofMany });
  await listen(outer, { host, port }, 'control');
  control.useCertificate = () => {
    const anew = control.snapshots.certificates.of(control.config.control, 'control');
    if (anew && 'setSecureContext' in outer) outer.setSecureContext(tlsServerOptions(anew));
  };
  closing.push(() => close(outer, callers));
  const path = controlSocketPath(installation.folder);
  const file = join(installation.folder, 'control.sock');
  if (existsSync(file)) rmSync(file);
  const inner = createHttpServer(limits, handler(localUser()));
  const commands = new Listener(inner, { connectionsMax });
  const mask = process.umask(0o177);
  try {
    await listen(inner, { path }, 'control');
  } finally {
    process.umask(mask);
  }
  closing.push(() => close(inner, commands));
  // Passkeys need a name, so the address is printed with one.
  const name = isLoopback(host) && host !== '::1' ? 'localhost' : shown(host);
  return `${tls ? 'https' : 'http'}://${name}:${(outer.address() as AddressInfo).port}`;
}

function close(server: Server, connections: Listener): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    setTimeout(() => connections.closeAll(), 1_000).unref();
  });
}
