import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { LISTENER_OPTIONS, Listener, tlsServerOptions } from '@sallyport/access';
import {
  clock,
  type GatewaySettings,
  type GatewaySnapshot,
  type HeartbeatLeaf,
  LIMITS,
} from '@sallyport/core';
import { Admission } from './admission.ts';
import { Breaker } from './breaker.ts';
import { Counters } from './counters.ts';
import type { Deps } from './exchange.ts';
import { Inspection } from './inspection.ts';
import { Memory } from './memory.ts';
import type { FromWorker, ShutOut, ToWorker, WorkerStart } from './messages.ts';
import { answersOpenly, strictHeaders } from './open-paths.ts';
import { serve } from './pipeline.ts';
import { PortRecorder } from './recorder.ts';
import { Refusals } from './refusals.ts';
import { Running } from './running.ts';
import { GatewayState } from './state.ts';
import { Stats } from './stats.ts';
import { Upstreams } from './upstream.ts';
import { BEAT_MS, Heartbeats } from './watchdog.ts';

/** How long records gather, by calls in flight: a lone call waits for nothing, a crowd shares syncs and messages. */
const gatherMs = (inFlight: number): number => (inFlight < 2 ? -1 : inFlight < 8 ? 0 : inFlight < 32 ? 2 : 4);

/** From one heartbeat in the log to the next, while calls come. */
const HEARTBEAT_MS = 20_000;

/** How much longer than a call waits for its reader a connection does: the call tells its end. */
const STALL_MORE_MS = 10_000;
/** How long a connection may begin its first call once it is said that this worker stops. */
const LATE_CALL_MS = 500;

const RECORD_FAULT = 'the record cannot be written: make room on its disk';

const start = workerData as WorkerStart;
const port = parentPort!;
const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const beats = new Heartbeats(start.beats);
setInterval(() => beats.beat(start.worker), BEAT_MS).unref();

clock.follow(start.clock);
let state = new GatewayState(start.snapshot);
state.shut(start.shut);
let seq = 0;
let draining = false;
const stats = new Stats();
const recorder = new PortRecorder(
  (batch, frames) => post({ type: 'record', batch, frames }, [frames.buffer]),
  () => gatherMs(stats.inFlight),
);
const refusals = new Refusals((refused) => post({ type: 'refusals', refused }));
const deps: Deps = {
  start,
  state: () => state,
  counters: new Counters(start.counters, start.worker),
  inspection: new Inspection(start.models),
  recorder,
  admission: new Admission(),
  keeping: { bytes: 0 },
  memory: new Memory(),
  upstreams: new Upstreams(
    () => state.settings,
    (integration, origin) => post({ type: 'certificate-changed', integration, origin }),
  ),
  breaker: new Breaker(),
  running: new Running(),
  stats,
  tally: { exchanges: 0, outcomes: 0, failed: 0 },
  nextSeq: () => seq++,
  countRefusal: (key, address) => refusals.count(key, address),
  keyLeaked: (key, exchange) => post({ type: 'key-leaked', key, exchange }),
};

deps.inspection.useRules(start.snapshot.rules);

// One call that failed where nobody looked must not end the calls of all others.
process.on('unhandledRejection', (fault) => {
  deps.stats.observationFailures++;
  post({ type: 'unforeseen', fault: fault instanceof Error ? fault : new Error(String(fault)) });
});

const options = {
  ...LISTENER_OPTIONS,
  maxHeaderSize: LIMITS.headerBytesMax,
  requestTimeout: state.settings.deadlines.bodyMs + 10_000,
  keepAliveTimeout: 65_000,
  insecureHTTPParser: false,
};
const { tls } = start.snapshot.settings;
const tlsServer = tls ? createTlsServer({ ...options, ...tlsServerOptions(tls) }) : null;
const server: Server = tlsServer ?? createServer(options);
server.maxHeadersCount = 100;
const listener = new Listener(server, {
  connectionsMax: start.connectionsMax,
  ofMany: (address) => state.proxies.trusts(address),
  stallMs: () => state.settings.deadlines.idleMs + STALL_MORE_MS,
});
server.on('request', (req, res) => {
  // A crowd of calls that come in one turn is no standstill.
  beats.beat(start.worker);
  const why = draining ? 'it is stopping' : beats.recordable ? null : RECORD_FAULT;
  strictHeaders(req, res, tlsServer !== null);
  if (answersOpenly(req, res, state.settings.origins, why)) return;
  serve(req, res, deps, draining).catch(() => {
    deps.stats.observationFailures++;
    res.destroy();
  });
});
server.on('error', (error: Error & { code?: string }) =>
  post({ type: 'failed', code: error.code ?? '', message: error.message }),
);
server.listen({ host: start.host, port: start.port, reusePort: start.reusePort, backlog: 1024 }, () => {
  post({ type: 'listening', port: (server.address() as AddressInfo).port });
});

const statsTimer = setInterval(() => {
  // For keys that expired a while ago.
  deps.running.look(state);
  post({
    type: 'stats',
    stats: deps.stats.snapshot(deps.inspection.characters, deps.breaker.list()),
    tally: { ...deps.tally },
  });
}, 500);
statsTimer.unref();

let saidLast = '';
/** Says in the log what is recorded, where that has changed: a call that was dropped on the way shows by it. */
async function heartbeat(): Promise<void> {
  const said = JSON.stringify(deps.tally);
  if (said === saidLast) return;
  saidLast = said;
  const { worker, run } = start;
  const leaf: HeartbeatLeaf = {
    v: 1,
    type: 'worker-heartbeat',
    at: clock.nowIso(),
    worker,
    run,
    ...deps.tally,
  };
  await recorder.record(JSON.stringify(leaf), null).catch(() => {
    // Said again at the next beat.
    saidLast = '';
  });
}
const heartbeatTimer = setInterval(() => void heartbeat(), HEARTBEAT_MS);
heartbeatTimer.unref();

async function drain(deadlineMs: number): Promise<void> {
  draining = true;
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  const late = setTimeout(() => listener.closeIdle(), LATE_CALL_MS);
  const deadline = setTimeout(() => listener.closeAll(), deadlineMs);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
  clearTimeout(deadline);
  // Aborted calls still record how they ended.
  for (let i = 0; i < 100 && deps.stats.inFlight > 0; i++) await new Promise((tick) => setTimeout(tick, 20));
  refusals.flush();
  await heartbeat();
  post({
    type: 'stats',
    stats: deps.stats.snapshot(deps.inspection.characters, deps.breaker.list()),
    tally: { ...deps.tally },
  });
  deps.inspection.close();
  await deps.upstreams.close();
  post({ type: 'drained' });
}

/** Settings that live outside the pipeline follow the new state; calls in flight keep theirs. */
function adopt(before: GatewaySettings): void {
  const { deadlines, tls: next } = state.settings;
  server.requestTimeout = deadlines.bodyMs + 10_000;
  if (next && next.cert !== before.tls?.cert) tlsServer?.setSecureContext(tlsServerOptions(next));
  deps.upstreams.settle();
}

/** Decides by a new state from now on; by the one before where it is not sound. An older one than that is left. */
function take(snapshot: GatewaySnapshot, shut: ShutOut): void {
  if (snapshot.version > state.version) {
    try {
      const next = new GatewayState(snapshot, state);
      next.shut(shut);
      deps.inspection.useRules(snapshot.rules);
      const before = state.settings;
      state = next;
      adopt(before);
      deps.running.look(state);
    } catch (fault) {
      return post({ type: 'refused', version: snapshot.version, why: (fault as Error).message });
    }
  }
  post({ type: 'acknowledged', version: state.version });
}

/** Why a state would not be taken; null when it would. */
function faultOf(snapshot: GatewaySnapshot): string | null {
  try {
    new GatewayState(snapshot, state);
    return null;
  } catch (fault) {
    return (fault as Error).message;
  }
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'recorded') recorder.acknowledge(message.batch, message.ok);
  else if (message.type === 'shut-out') {
    state.shut(message.shut);
    deps.running.look(state);
    post({ type: 'shut-out', id: message.id });
  } else if (message.type === 'snapshot') take(message.snapshot, message.shut);
  else if (message.type === 'try') message.port.postMessage(faultOf(message.snapshot));
  else void drain(message.deadlineMs);
});
