import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IssuedTickets } from '../src/issued-tickets.ts';
import type { TicketRow } from '../src/tickets.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const ticket = (hash: string, over: Partial<TicketRow> = {}): TicketRow => ({
  hash,
  kind: 'second-factor',
  personId: 'ann',
  data: {},
  createdAt: NOW,
  expiresAt: '2026-01-01T00:05:00.000Z',
  ...over,
});

describe('tickets that a process issued', () => {
  it('who asks for any number makes none of others void', () => {
    const issued = new IssuedTickets();
    const own = ticket('own', { data: { network: '192.0.2.1' } });
    const begun = ticket('begun', { kind: 'sign-on', personId: null });
    issued.add(null, own);
    issued.add(null, begun);
    for (let n = 0; n < 110_000; n++)
      issued.add(null, ticket(`passkey ${n}`, { kind: 'passkey', personId: 'bob' }));
    assert.ok(issued.isOpen(own), 'a viewer');
    for (let n = 0; n < 1_000; n++)
      issued.add(null, ticket(`password ${n}`, { data: { network: '192.0.2.2' } }));
    assert.ok(issued.isOpen(own), 'who knows the password, elsewhere');
    for (let person = 0; person < 250; person++)
      for (let n = 0; n < 501; n++) issued.add(null, ticket(`${person} ${n}`, { personId: `p-${person}` }));
    assert.ok(issued.isOpen(own) && issued.isOpen(begun), 'many together');
    assert.ok(issued.has('249 500') && !issued.has('0 0'), 'those who have most');
  });

  it('what is forgotten takes no room, and opens nothing when its row is put back', () => {
    const issued = new IssuedTickets();
    const first = ticket('first', { kind: 'sign-on', personId: null });
    issued.add(null, first);
    for (let n = 0; n < 60_000; n++) {
      issued.add(null, ticket(`on ${n}`, { kind: 'sign-on', personId: null }));
      issued.forget(null, [`on ${n}`]);
    }
    assert.ok(issued.isOpen(first));
    issued.forget(null, ['first']);
    assert.ok(!issued.isOpen(first));
  });

  it('what ended makes room', () => {
    const issued = new IssuedTickets();
    for (let n = 0; n < 500; n++) issued.add(null, ticket(`old ${n}`));
    const later = { createdAt: '2026-01-01T00:06:00.000Z', expiresAt: '2026-01-01T00:11:00.000Z' };
    issued.add(null, ticket('new', later));
    assert.ok(!issued.has('old 499') && issued.has('new'));
  });
});
