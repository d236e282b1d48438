import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isLoopback, tableOf } from '@sallyport/core';
import { addressBlock, plain } from './address.ts';

/** Options of every HTTP listener: what a peer leaves unsaid ends its connection. */
export const LISTENER_OPTIONS = {
  headersTimeout: 10_000,
  handshakeTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  requireHostHeader: true,
} as const;

/** How often connections are looked at. */
const LOOK_MS = 1_000;
/** How long the other side has to close a connection that ended here. */
const CLOSE_MS = 1_000;
/** How long a reader may take nothing of what waits for it, where no call says so. */
const STALL_MS = 120_000;
/** Share of the connections that one address may hold while over half of them are taken. */
const ADDRESS_SHARE = 0.25;
const BUSY_SHARE = 0.5;

/** What a listener is bounded by. */
export interface ListenerBounds {
  /** Connections at a time. */
  readonly connectionsMax: number;
  /** Addresses that speak for many callers, such as trusted proxies. */
  readonly ofMany?: (address: string) => boolean;
  /** How long a reader may take nothing, in milliseconds. */
  readonly stallMs?: () => number;
}

/** One connection. */
interface Held {
  socket: Socket;
  readonly address: string;
  /** Calls under way. */
  calls: number;
  /** When it ended here; 0 while it did not. */
  endedMs: number;
  /** What waits for the reader, and since when it is as much. */
  waiting: number;
  waitingMs: number;
}

const LINES: Readonly<Record<string, string>> = tableOf({
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
});

/**
 * The connections of one listener. Each ends in bounded time, whatever its peer does: one that ended here is destroyed when the
 * other side does not close it, one whose reader takes nothing too. There are never more than so many: a new one takes the
 * place of one that carries no call, those that never carried one first.
 */
export class Listener {
  readonly #server: HttpServer;
  readonly #bounds: ListenerBounds;
  readonly #held = new Map<Socket, Held>();
  readonly #addresses = new Map<string, number>();
  /** Without a call, longest first: those that never carried one, and others. */
  readonly #fresh = new Set<Held>();
  readonly #idle = new Set<Held>();
  /** Before their handshake is done, by the place of their peer. */
  readonly #shaking = new Map<string, Held>();
  readonly #timer: NodeJS.Timeout;

  /** Takes charge of a server's connections, before it listens. */
  constructor(server: HttpServer, bounds: ListenerBounds) {
    this.#server = server;
    this.#bounds = bounds;
    const secure = 'setSecureContext' in server;
    server.on('connection', (socket: Socket) => this.#begin(socket, secure));
    server.on('secureConnection', (socket: TLSSocket) => this.#secured(socket));
    server.prependListener('request', (req, res) => this.#asked(req, res));
    server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
      // What is no connection of ours yet has not agreed on how to read an answer.
      if (!this.#held.has(socket) || !socket.writable) return void socket.destroy();
      this.#refuse(socket, LINES[error.code ?? ''] ?? '400 Bad Request');
    });
    // Node hands such a socket over without its own listener: an error that no one listens for ends the thread.
    server.on('connect', (_req, socket) =>
      this.#refuse(socket.on('error', () => {}) as Socket, '400 Bad Request'),
    );
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
    server.once('close', () => clearInterval(this.#timer));
  }

  /** Connections that are held. */
  get size(): number {
    return this.#held.size;
  }

  #refuse(socket: Socket, line: string): void {
    // What still comes is thrown away: unread, it would take the answer along.
    socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`).resume();
  }

  #begin(socket: Socket, secure: boolean): void {
    const { remoteAddress, remotePort } = socket;
    const peer = plain(remoteAddress ?? 'localhost');
    const address = addressBlock(peer);
    if (!this.#room(peer, address)) return void socket.destroy();
    const held: Held = { socket, address, calls: 0, endedMs: 0, waiting: 0, waitingMs: 0 };
    this.#held.set(socket, held);
    this.#fresh.add(held);
    this.#addresses.set(address, (this.#addresses.get(address) ?? 0) + 1);
    const place = secure ? `${remoteAddress} ${remotePort}` : null;
    if (place !== null) this.#shaking.set(place, held);
    socket.once('close', () => {
      if (place !== null && this.#shaking.get(place) === held) this.#shaking.delete(place);
      this.#gone(held);
    });
  }

  #secured(socket: TLSSocket): void {
    const place = `${socket.remoteAddress} ${socket.remotePort}`;
    const held = this.#shaking.get(place);
    if (held === undefined) return void socket.destroy();
    this.#shaking.delete(place);
    this.#held.delete(held.socket);
    held.socket = socket;
    this.#held.set(socket, held);
    socket.once('close', () => this.#gone(held));
  }

  #gone(held: Held): void {
    if (!this.#held.delete(held.socket)) return;
    this.#fresh.delete(held);
    this.#idle.delete(held);
    const left = this.#addresses.get(held.address)! - 1;
    if (left > 0) this.#addresses.set(held.address, left);
    else this.#addresses.delete(held.address);
  }

  /** Whether one more connection may be held. */
  #room(peer: string, address: string): boolean {
    const { connectionsMax, ofMany } = this.#bounds;
    const size = this.#held.size;
    const own = this.#addresses.get(address) ?? 0;
    if (
      size >= connectionsMax * BUSY_SHARE &&
      own >= connectionsMax * ADDRESS_SHARE &&
      !isLoopback(peer) &&
      !ofMany?.(peer)
    )
      return false;
    if (size < connectionsMax) return true;
    for (const set of [this.#fresh, this.#idle])
      for (const held of set) {
        held.socket.destroy();
        this.#gone(held);
        return true;
      }
    return false;
  }

  #asked(req: IncomingMessage, res: ServerResponse): void {
    // Node passes over what came behind a request for another protocol: what follows would get the wrong answer.
    if (req.headers.upgrade !== undefined) res.shouldKeepAlive = false;
    const held = this.#held.get(req.socket);
    if (held === undefined) return;
    if (held.calls++ === 0) {
      this.#fresh.delete(held);
      this.#idle.delete(held);
    }
    res.once('close', () => {
      if (--held.calls === 0 && this.#held.has(held.socket)) this.#idle.add(held);
    });
  }

  #look(): void {
    const now = performance.now();
    const stallMs = this.#bounds.stallMs?.() ?? STALL_MS;
    for (const held of this.#held.values()) {
      const { socket } = held;
      const { writableLength } = socket;
      if (writableLength > 0) {
        if (writableLength !== held.waiting) {
          held.waiting = writableLength;
          held.waitingMs = now;
        } else if (now - held.waitingMs >= stallMs) socket.destroy();
      } else {
        held.waiting = 0;
        if (!socket.writableEnded) continue;
        if (held.endedMs === 0) held.endedMs = now;
        else if (now - held.endedMs >= CLOSE_MS) socket.destroy();
      }
    }
  }

  /** Ends connections that carry no call. */
  closeIdle(): void {
    for (const set of [this.#fresh, this.#idle]) for (const { socket } of set) socket.destroy();
  }

  /** Ends every connection, also those that the server no longer knows of. */
  closeAll(): void {
    this.#server.closeAllConnections();
    for (const { socket } of this.#held.values()) socket.destroy();
  }
}
