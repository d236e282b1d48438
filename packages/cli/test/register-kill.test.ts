import { describe, it } from 'node:test';
import { killRegistrations } from './register-kill.ts';

const POINTS = 4;

describe('a registration of a model', () => {
  it('that was killed is finished by the same command', () => {
    // Those in between are killed at too, in `npm run prove`.
    killRegistrations((steps) =>
      Array.from({ length: POINTS }, (_, at) => Math.round(((at + 1) * steps) / (POINTS + 1))),
    );
  });
});
