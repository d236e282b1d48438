import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/** Extensions of the ClientHello in a record, by number (RFC 8446, section 4.1.2). */
function extensionsOf(record: Buffer): Map<number, Buffer> {
  // Record header 5, handshake header 4, version 2, random 32.
  let at = 43;
  at += 1 + record[at]!;
  at += 2 + record.readUInt16BE(at);
  at += 1 + record[at]!;
  const end = at + 2 + record.readUInt16BE(at);
  const found = new Map<number, Buffer>();
  for (at += 2; at < end; ) {
    const length = record.readUInt16BE(at + 2);
    found.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

/** What a client offers for agreeing on keys: groups, and those that it sends a share for at once. */
export interface ClientOffer {
  readonly groups: readonly number[];
  readonly shares: readonly number[];
}

function offerOf(record: Buffer): ClientOffer {
  const extensions = extensionsOf(record);
  const groups = extensions.get(10)!;
  const shares = extensions.get(51)!;
  const shared: number[] = [];
  for (let at = 2; at < shares.length; at += 4 + shares.readUInt16BE(at + 2))
    shared.push(shares.readUInt16BE(at));
  return {
    groups: Array.from({ length: groups.readUInt16BE(0) / 2 }, (_, i) => groups.readUInt16BE(2 + 2 * i)),
    shares: shared,
  };
}

/** Takes connections, reads what each client offers, and hangs up. */
export async function listenForOffers(): Promise<{
  readonly port: number;
  readonly offers: ClientOffer[];
  close(): void;
}> {
  const offers: ClientOffer[] = [];
  const server = createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      held = Buffer.concat([held, piece]);
      if (held.length < 5 || held.length < 5 + held.readUInt16BE(3)) return;
      offers.push(offerOf(held));
      socket.destroy();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, offers, close: () => server.close() };
}
