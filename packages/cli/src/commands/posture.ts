import { type ControlResult, clock, plural } from '@sallyport/core';
import { severityFails } from '@sallyport/govern';
import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { failOnOf } from '../options.ts';
import { print, printJson } from '../output.ts';

const SIGN = { effective: '●', partial: '◐', stale: '◌', failing: '✖', 'not assessed': '·' } as const;

function age(at: string | null): string {
  if (at === null) return '';
  const minutes = Math.max(0, Math.round((clock.nowMs() - Date.parse(at)) / 60_000));
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

/** Prints every control by area, with its evidence and the age of it. */
export const posture: Command = {
  name: 'posture',
  usage: 'posture [--fail-on critical|high|medium|low|info]',
  summary: 'every control, computed from evidence',
  options: { 'fail-on': { type: 'string' } },
  async run(options) {
    const failOn = failOnOf(options);
    const { controls } = await withClient(options, (client) =>
      client.call<{ controls: ControlResult[] }>('GET', '/api/v1/posture?wait=true'),
    );
    if (options.json) printJson({ controls });
    else {
      for (const area of new Set(controls.map((control) => control.area))) {
        print('', area.toUpperCase());
        for (const control of controls.filter((one) => one.area === area)) {
          print(
            `  ${SIGN[control.status]} ${control.id}  ${control.practice}: ${control.status} (${control.severity})${control.subject ? ` at ${control.subject}` : ''}`,
          );
          for (const piece of control.evidence)
            print(`      ${piece}${control.evidenceAt ? `, ${age(control.evidenceAt)}` : ''}`);
          if (control.status !== 'not assessed')
            for (const piece of control.missing) print(`      missing: ${piece}`);
        }
      }
      const count = (status: string): number =>
        controls.filter((control) => control.status === status).length;
      print(
        '',
        `${plural(controls.length, 'practice')}: ${count('effective')} effective, ${count('partial')} partial, ${count('stale')} stale, ${count('failing')} failing, ${count('not assessed')} not assessed`,
      );
    }
    return severityFails(controls, failOn) ? 1 : 0;
  },
};
