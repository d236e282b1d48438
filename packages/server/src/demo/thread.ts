import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { startHelpdesk } from './helpdesk.ts';
import { startLending } from './lending/server.ts';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

const servers = [startHelpdesk(), await startLending()];
const [helpdesk, lending] = [await listen(servers[0]!), await listen(servers[1]!)];
parentPort!.postMessage({ helpdesk, lending });
