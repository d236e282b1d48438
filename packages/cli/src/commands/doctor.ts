import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';

interface Diagnosis {
  readonly check: string;
  readonly ok: boolean;
  readonly level: 'ok' | 'warning' | 'bad';
  readonly detail: string;
  readonly remedy: string | null;
}

const SHOWN = { ok: 'ok  ', warning: 'WARN', bad: 'BAD ' } as const;

/** Says what is wrong and what to type. */
export const doctor: Command = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'what is wrong, and what to type',
  async run(options) {
    const { diagnoses } = await withClient(options, (client) =>
      client.call<{ diagnoses: Diagnosis[] }>('GET', '/api/v1/doctor'),
    );
    if (options.json) printJson({ ok: diagnoses.every((one) => one.ok), diagnoses });
    else {
      for (const { level, check, detail, remedy } of diagnoses) {
        print(`${SHOWN[level]} ${check}: ${detail}`);
        if (remedy !== null) print(`       ${remedy}`);
      }
    }
    return diagnoses.every((one) => one.ok) ? 0 : 1;
  },
};
