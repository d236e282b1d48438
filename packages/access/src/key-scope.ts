import { BlockList, isIP } from 'node:net';
import { type KeyScope, WEEKDAYS } from '@sallyport/core';
import type { ClientCertificate } from './client-certificate.ts';

/** One call, as a scope looks at it. */
export interface ScopedCall {
  readonly model: string | null;
  readonly operation: string;
  readonly address: string;
  /** What the client proved to hold on its connection. */
  readonly certificate?: ClientCertificate | null;
  /** Wall-clock time. */
  readonly atMs: number;
}

const ranges = new WeakMap<KeyScope, BlockList>();

function rangesOf(scope: KeyScope, addresses: readonly string[]): BlockList {
  let list = ranges.get(scope);
  if (!list) {
    list = new BlockList();
    for (const range of addresses) {
      const [address, bits] = range.split('/') as [string, string | undefined];
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    }
    ranges.set(scope, list);
  }
  return list;
}

/** An address as ranges know it: IPv4 in IPv6's clothes is IPv4, and zones of links say nothing. */
function within(list: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*/s, '');
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Day of the week, from Monday, and minute of the day, on the clock of a zone. */
function localTime(zone: string, atMs: number): { day: number; minute: number } {
  let format = clocks.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clocks.set(zone, format);
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return {
    day: WEEKDAYS.indexOf(parts.get('weekday')!.toLowerCase()),
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  };
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** Whether hours that may go past midnight hold; they belong to the day on which they began. */
function withinHours({ days, from, until, zone }: NonNullable<KeyScope['hours']>, atMs: number): boolean {
  const { day, minute } = localTime(zone, atMs);
  const [start, end] = [minuteOf(from), minuteOf(until)];
  const on = (number: number): boolean => (days as readonly string[]).includes(WEEKDAYS[(number + 7) % 7]!);
  if (start < end) return minute >= start && minute < end && on(day);
  return (minute >= start && on(day)) || (minute < end && on(day - 1));
}

/** Whether a client holds one of the certificates that a key is bound to. */
function shows(bound: readonly string[], held: ClientCertificate | null): boolean {
  if (held === null) return false;
  return bound.includes(`sha256:${held.sha256}`) || held.names.some((name) => bound.includes(name));
}

/** What of a call lies outside the scope of its key, in words for the caller; null where nothing does. */
export function outsideScope(scope: KeyScope, call: ScopedCall): string | null {
  const { models, operations, addresses, certificates, hours } = scope;
  if (operations && !operations.includes(call.operation)) return `the operation \`${call.operation}\``;
  // A call that names no model may be for any of them.
  const model = call.model ?? '';
  if (
    models &&
    !models.some((name) =>
      name.endsWith('*') ? model.startsWith(name.slice(0, -1)) && model !== '' : name === model,
    )
  )
    return call.model === null ? 'a call that names no model' : 'this model';
  if (addresses && !within(rangesOf(scope, addresses), call.address)) return 'calls from this address';
  if (certificates && !shows(certificates, call.certificate ?? null)) return 'calls without its certificate';
  if (hours && !withinHours(hours, call.atMs)) return 'calls at this time';
  return null;
}
