import { it } from 'node:test';
import { roundTrips } from '../packages/guard/test/round-trips.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 1_000_000);

it(`${ROUNDS} texts are redacted and restored without loss`, () => roundTrips(ROUNDS, 2));
