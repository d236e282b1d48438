import { existsSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { clientCertificate, TrustedProxies, tlsServerOptions } from '@sallyport/access';
import { CodedError, type Config, clock, isLoopback, type ListenerTls, newEvent } from '@sallyport/core';
import { GatewayPool, WORKERS_MAX } from '@sallyport/gateway';
import { askEveryRoute, askForDataset, createApp } from './app.ts';
import { expireContent } from './content-expiry.ts';
import { type Control, localActor, localUser, openControl } from './control.ts';
import { controlSocketPath } from './control-socket.ts';
import { type Demo, startDemo } from './demo/demo.ts';
import { GuardDesk } from './guard-desk.ts';
import { readGuardModels } from './guard-models.ts';
import { isInForce } from './in-force.ts';
import { KeyWatch } from './key-watch.ts';
import { log, unforeseen } from './log.ts';
import { Monitor } from './monitor.ts';
import { keepAssessments } from './party-assessment.ts';
import { watchPlaces } from './places.ts';
import { keepReviews } from './reviews-due.ts';
import { followTelemetry } from './telemetry.ts';
import { watchThirdParties } from './third-parties.ts';
import { renewCertificates, requireTls } from './tls/listener.ts';

const DRAIN_MS = 10_000;
const PROBE_EVERY_MS = 15 * 60_000;
/** Data keys are per day: snapshots are renewed well within one. */
/** How often the machine's clock is looked at, and how far it may move in that time. */
const CLOCK_EVERY_MS = 5_000;
const CLOCK_JUMP_MS = 5_000;
/** How often third parties are looked at. */
const WATCH_EVERY_MS = 10 * 60_000;
const PLACES_EVERY_MS = 60_000;
/** How often alerts are judged. */
const MONITOR_EVERY_MS = 15_000;
const RENEW_EVERY_MS = 10 * 60_000;
/** How often the root is asked whether it still opens. */
const KEYS_EVERY_MS = 60_000;
/** How often what is new in the log is archived. */
const ARCHIVE_EVERY_MS = 60_000;
/** How often sessions and counts that are over are forgotten. */
const PURGE_EVERY_MS = 10 * 60_000;
/** How often roles that nobody used are looked for, and reviews that are due. */
const UNUSED_EVERY_MS = 3_600_000;

/** How a server is started. */
export interface ServerOptions {
  readonly data: string;
  readonly config: Config;
  readonly rootKey?: string | undefined;
  readonly demo: boolean;
  readonly workers: number;
  /** Reads the configuration anew, for a reload. */
  readonly loadConfig?: () => Config;
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
    await control.snapshots.restoreSpend(clock.nowMs());
    const models = readGuardModels();
    const guard = new GuardDesk(models, () => control.snapshots.rules);
    control.guard = guard;
    closing.push(async () => guard.close());
    const gateway = await GatewayPool.start({
      config,
      workers: options.workers,
      run: control.installation.run,
      snapshot: await control.state(),
      counters: control.snapshots.counters,
      models,
      append: (entries) => control.installation.room.appendCalls(entries),
      onUnauthenticated: (address, count) =>
        void control.installation
          .announce(
            newEvent('unauthenticated-counted', {
              actor: 'anonymous',
              subject: 'organisation',
              data: { address, count },
            }),
          )
          .catch(() => {}),
      onCertificateChanged: (integration, origin) =>
        void control.thirdParties
          .certificateChanged(integration, origin)
          .then(async (suspended) => {
            if (!suspended) return;
            log('warn', 'a third party showed another certificate than was approved', {
              integration,
              origin,
            });
            await control.shutOut({ integrations: [integration] });
          })
          .catch((fault: Error) =>
            log('error', 'a third party is not suspended yet', { integration, fault: fault.message }),
          ),
      onKeyLeaked: (key, exchange) =>
        void control.apiKeys
          .revoke('sallyport', key, { reason: 'leaked', exchange })
          .then(() => log('warn', 'a key that stood in a text of a call was revoked', { key, exchange }))
          .catch((fault: Error) =>
            log(
              'error',
              isInForce(fault) ? 'a leaked key opens nothing' : 'a leaked key is not revoked yet',
              {
                key,
                fault: fault.message,
              },
            ),
          ),
      onGone: (worker, run) =>
        void control.installation
          .endCrashed(worker, run)
          .catch((fault: Error) =>
            log('error', 'calls of a dead worker got no end yet', { worker, fault: fault.message }),
          ),
      onStuck: (worker) => {
        log('error', 'a gateway worker stopped answering and is replaced; its calls are cut off', { worker });
        void control.monitor?.workerStuck(worker).catch((fault: Error) =>
          log('error', 'a worker that stopped answering is not recorded yet', {
            worker,
            fault: fault.message,
          }),
        );
      },
      onUnforeseen: unforeseen,
      isRecordable: () => control.installation.recordFault === null,
      onCrash: (worker, error) =>
        log('error', 'a gateway worker died and is replaced', { worker, fault: error.message }),
      ...(options.detectors === undefined ? {} : { detectors: options.detectors }),
    });
    control.gateway = gateway;
    control.loadConfig = options.loadConfig ?? null;
    closing.push(() => gateway.stop(DRAIN_MS));
    const gatewayUrl = `${tls.gateway ? 'https' : 'http'}://${shown(config.gateway.host)}:${gateway.port}`;
    control.gatewayUrl = gatewayUrl;
    const monitor = new Monitor(control, Math.min(options.workers, WORKERS_MAX));
    await monitor.restore();
    const unfollow = monitor.follow();
    closing.push(async () => unfollow());
    control.monitor = monitor;
    closing.push(await followTelemetry(control));
    const controlUrl = await serveControl(control, tls.control, options.console ?? null, closing);
    control.controlUrl = controlUrl;
    control.consoleUrl = config.control.publicUrl?.replace(/\/$/, '') ?? controlUrl;
    await control.installation.announce(
      newEvent('server-started', {
        actor: localActor(),
        subject: 'organisation',
        data: { workers: options.workers, demo: options.demo },
      }),
    );
    await control.accounts.signIn.warm();
    const token = await control.accounts.links.first();
    const keys = new KeyWatch(control);
    for (const [work, ms] of [
      [() => control.probeIfOlder(PROBE_EVERY_MS / 2), PROBE_EVERY_MS],
      [() => renewCertificates(control), UNUSED_EVERY_MS],
      [() => control.publish(), RENEW_EVERY_MS],
      [() => watchClock(control), CLOCK_EVERY_MS],
      [() => monitor.tick(), MONITOR_EVERY_MS],
      [() => control.accounts.signIn.purge(), PURGE_EVERY_MS],
      [() => control.apiKeys.forgetJobs(), PURGE_EVERY_MS],
      [() => control.keyOwners.endOrphans(), PURGE_EVERY_MS],
      [
        () => control.accounts.directory.takeAwayUnused(control.config.access.unusedGrantDays),
        UNUSED_EVERY_MS,
      ],
      [() => keepReviews(control), UNUSED_EVERY_MS],
      [() => watchThirdParties(control), WATCH_EVERY_MS],
      [() => watchPlaces(control), PLACES_EVERY_MS],
      [() => control.scans.watch(), WATCH_EVERY_MS],
      [() => keepAssessments(control), UNUSED_EVERY_MS],
      [() => control.backups.tick(), PURGE_EVERY_MS],
      [() => control.archive.tick(), ARCHIVE_EVERY_MS],
      [() => keys.tick(), KEYS_EVERY_MS],
      [() => expireContent(control), UNUSED_EVERY_MS],
      [() => control.witnesses.cosign(), config.record.everySeconds * 1000],
    ] as const) {
      const timer = setInterval(
        () =>
          void work().catch((fault: Error) =>
            log('error', 'a periodic task failed', { fault: fault.message }),
          ),
        ms,
      ).unref();
      closing.push(async () => clearInterval(timer));
    }
    // What changed while nobody looked is not called until it is looked at again.
    void control.scans.watch();
    void control.witnesses.cosign().catch(() => {});
    void control.backups.tick().catch(() => {});
    void keys.tick().catch(() => {});
    void watchPlaces(control).catch(() => {});
    void watchThirdParties(control).catch((fault: Error) =>
      log('error', 'third parties are looked at a little later', { fault: fault.message }),
    );
    return {
      control,
      gatewayUrl,
      controlUrl,
      setupUrl: token === null ? null : `${control.consoleUrl}/setup?token=${token}`,
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

/** Notes when somebody set the machine's clock. Limits, expiry and the order of the record follow a steady one. */
async function watchClock(control: Control): Promise<void> {
  const driftMs = clock.driftMs();
  const byMs = driftMs - control.clockDriftMs;
  if (Math.abs(byMs) < CLOCK_JUMP_MS) return;
  control.clockDriftMs = driftMs;
  log('warn', 'the clock of this machine was set; time here goes on steadily until a restart', { byMs });
  await control.installation.announce(
    newEvent('clock-jumped', { actor: 'sallyport', subject: 'organisation', data: { byMs, driftMs } }),
  );
}

/** Serves the control plane on its port, and on the socket in the data folder for commands. */
async function serveControl(
  control: Control,
  tls: ListenerTls | null,
  consoleFolder: string | null,
  closing: (() => Promise<void>)[],
): Promise<string> {
  const { config, installation } = control;
  const { host, port, hosts, publicUrl } = config.control;
  const reached = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  const names = ['localhost', '127.0.0.1', '[::1]', shown(host), ...hosts, ...reached].map((name) =>
    name.toLowerCase(),
  );
  const app = createApp(control, names, consoleFolder);
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
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: true,
  };
  const outer = tls
    ? createTlsServer({ ...limits, ...tlsServerOptions(tls) }, handler(null))
    : createHttpServer(limits, handler(null));
  await listen(outer, { host, port }, 'control');
  control.useCertificate = () => {
    const anew = control.snapshots.certificates.of(control.config.control, 'control');
    if (anew && 'setSecureContext' in outer) outer.setSecureContext(tlsServerOptions(anew));
  };
  closing.push(() => close(outer));
  const path = controlSocketPath(installation.folder);
  const file = join(installation.folder, 'control.sock');
  if (existsSync(file)) rmSync(file);
  const inner = createHttpServer(limits, handler(localUser()));
  const mask = process.umask(0o177);
  try {
    await listen(inner, { path }, 'control');
  } finally {
    process.umask(mask);
  }
  closing.push(() => close(inner));
  // Passkeys need a name, so the address is printed with one.
  const name = isLoopback(host) && host !== '::1' ? 'localhost' : shown(host);
  return `${tls ? 'https' : 'http'}://${name}:${(outer.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1_000).unref();
  });
}
