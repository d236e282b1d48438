import type { GatewayStats } from '@sallyport/gateway';

const label = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Whether a system may be named. */
export type Naming = (system: string) => boolean;

/**
 * Counts in the Prometheus text format, version 0.0.4. Labels are outcomes and codes, and systems where they may be told.
 * @param named of each system whether it may be named
 */
export function prometheus(
  stats: readonly GatewayStats[],
  facts: { ledgerSize: number; checkpointSize: number; workers: number },
  named: Naming,
): string {
  const requests = new Map<string, number>();
  const stages = new Map<string, { sum: number; count: number }>();
  let inFlight = 0;
  let characters = 0;
  let failures = 0;
  const backsOff = new Map<string, number>();
  for (const one of stats) {
    for (const [key, count] of Object.entries(one.requests)) {
      const tab = key.indexOf('\t');
      const told = named(key.slice(0, tab)) ? key : key.slice(tab);
      requests.set(told, (requests.get(told) ?? 0) + count);
    }
    for (const [stage, { sum, count }] of Object.entries(one.stagesMs)) {
      const entry = stages.get(stage) ?? { sum: 0, count: 0 };
      stages.set(stage, { sum: entry.sum + sum, count: entry.count + count });
    }
    for (const system of new Set(one.backingOff.map((left) => left.system))) {
      const told = named(system) ? system : '';
      backsOff.set(told, (backsOff.get(told) ?? 0) + 1);
    }
    inFlight += one.inFlight;
    characters += one.inspectedCharacters;
    failures += one.observationFailures;
  }
  const lines: string[] = [];
  const metric = (
    name: string,
    type: string,
    help: string,
    rows: readonly (readonly [string, number])[],
  ): void => {
    lines.push(
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...rows.map(([labels, value]) => `${name}${labels} ${value}`),
    );
  };
  metric(
    'sallyport_exchanges_total',
    'counter',
    'Exchanges by outcome and code, and by system where that may be named.',
    [...requests].map(([key, count]) => {
      const [system, outcome, code] = key.split('\t') as [string, string, string];
      const own = system === '' ? '' : `system="${label(system)}",`;
      return [`{${own}outcome="${label(outcome)}",code="${label(code)}"}`, count] as const;
    }),
  );
  metric('sallyport_in_flight', 'gauge', 'Exchanges in flight.', [['', inFlight]]);
  metric('sallyport_inspected_characters_total', 'counter', 'Characters inspected.', [['', characters]]);
  metric(
    'sallyport_stage_seconds_sum',
    'counter',
    'Time spent in each stage.',
    [...stages].map(([stage, { sum }]) => [`{stage="${stage}"}`, sum / 1000] as const),
  );
  metric(
    'sallyport_stage_seconds_count',
    'counter',
    'Exchanges that passed each stage.',
    [...stages].map(([stage, { count }]) => [`{stage="${stage}"}`, count] as const),
  );
  metric('sallyport_observation_failures_total', 'counter', 'Failures of what is observed only.', [
    ['', failures],
  ]);
  metric(
    'sallyport_backing_off',
    'gauge',
    'Gateway workers that leave a system alone for a while, by system where that may be named.',
    [...backsOff].map(
      ([system, count]) => [system === '' ? '' : `{system="${label(system)}"}`, count] as const,
    ),
  );
  metric('sallyport_ledger_entries', 'gauge', 'Entries in the log that are durable.', [
    ['', facts.ledgerSize],
  ]);
  metric('sallyport_ledger_checkpoint_entries', 'gauge', 'Entries under the newest signed checkpoint.', [
    ['', facts.checkpointSize],
  ]);
  metric('sallyport_gateway_workers', 'gauge', 'Gateway workers that run.', [['', facts.workers]]);
  return `${lines.join('\n')}\n`;
}
