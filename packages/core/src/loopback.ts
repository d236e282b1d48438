import { isIP } from 'node:net';

/** The host of a URL, an IPv6 address without its brackets. */
export const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Whether a host, a name or an address without brackets, can only be reached from this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) !== 0 && (host.startsWith('127.') || host === '::1'));
