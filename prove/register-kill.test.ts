import { it } from 'node:test';
import { killRegistrations } from '../packages/cli/test/register-kill.ts';

it('a registration of a model that was killed at any step is finished by the same command', () => {
  killRegistrations((steps) => Array.from({ length: steps }, (_, at) => at + 1));
});
