import { isIP } from 'node:net';

/** Whether a host, a name or an address without brackets, can only be reached from this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) !== 0 && (host.startsWith('127.') || host === '::1'));
