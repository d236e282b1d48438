import { clock, newEvent, plural, type SallyportEvent } from '@sallyport/core';
import type { Control } from './control.ts';
import type { KnownSystem } from './snapshot.ts';
import { lastBad, type Reach } from './system-reach.ts';

/** One step of the guided first hour. */
export interface FirstHourStep {
  readonly id: 'connect' | 'key' | 'call' | 'report' | 'enforce';
  readonly done: boolean;
  /** What shows it, or what to do. */
  readonly detail: string;
  /** The system the step is about, once there is one. */
  readonly system: string | null;
}

/** The guided first hour, computed from state and record: nobody ticks a step off. */
export interface FirstHour {
  /** Where programs call, while a gateway runs. */
  readonly gatewayUrl: string | null;
  readonly steps: readonly FirstHourStep[];
  readonly startedAt: string | null;
  readonly completedAt: string | null;
}

/** How far one system has come. */
interface Progress {
  readonly name: string;
  readonly mode: string;
  readonly key: boolean;
  /** Every call to it in the record, failed ones too. */
  readonly calls: number;
  readonly answered: number;
  readonly failed: number;
  readonly report: string | null;
  /** What was wrong when it was reached last. */
  readonly bad: Reach | null;
}

/** The event of its completion, while it is made: however many ask, there is one. */
const completing = new WeakMap<Control, Promise<SallyportEvent>>();

function connection(best: Progress | null): string {
  if (!best) return 'name an AI system and its address; it is observed, nothing is blocked';
  const { name, failed, answered, bad } = best;
  if (answered > 0) return `\`${name}\` is connected, and answers`;
  if (bad !== null && failed === 0)
    return `\`${name}\` is named, and its calls would fail: ${bad.url} ${bad.detail}${bad.remedy === null ? '' : `; ${bad.remedy}`}`;
  return failed === 0
    ? `\`${name}\` is named; the first call shows whether it answers`
    : `\`${name}\` has answered none of ${plural(failed, 'call')} with success: see why under Traffic; its address and credential are under Systems`;
}

function calling(best: Progress | null): string {
  const { calls = 0, answered = 0 } = best ?? {};
  if (answered > 0)
    return `${plural(answered, 'call was', 'calls were')} answered, and ${answered === 1 ? 'is' : 'are'} in the record`;
  const todo = 'point the program at the gateway with that key and call once';
  return calls === 0 ? todo : `none of ${plural(calls, 'call')} was answered with success; ${todo}`;
}

/**
 * Works out how far the first hour has come; its completion is an event, once.
 * @param shown systems that the answer may tell of
 */
export async function firstHour(control: Control, shown: readonly KnownSystem[]): Promise<FirstHour> {
  const { store } = control.installation;
  await control.installation.flush();
  const systems = shown.filter((system) => !system.demo);
  const summaries = new Map((await store.exchanges.summaries()).map((one) => [one.system, one]));
  const keys = (await control.apiKeys.list()).filter(
    (key) => !key.demo && key.revokedAt === null && key.expiresAt > clock.nowIso(),
  );
  // The system that has come furthest is the one the guide follows.
  let best: Progress | null = null;
  let furthest = -1;
  for (const known of systems) {
    const { name, config, createdAt = '' } = known;
    const key = keys.some((one) => one.systems.includes(name));
    const { exchanges: calls = 0, answered = 0, failed = 0 } = summaries.get(name) ?? {};
    // What would have been blocked shows while nothing is, and once something was answered.
    const read = await store.events.latest('report-read', `system:${name}`, {
      field: 'mode',
      value: 'observe',
    });
    // Of another system that had the name before, no one reads anything any more.
    const report = read && read.at >= createdAt && Number(read.data['answered']) > 0 ? read.at : null;
    const done =
      Number(key) + Number(answered > 0) + Number(report !== null) + Number(config.mode === 'enforce');
    if (done > furthest) {
      furthest = done;
      best = { name, mode: config.mode, key, calls, answered, failed, report, bad: lastBad(control, known) };
    }
  }
  const system = best?.name ?? null;
  const steps: FirstHourStep[] = [
    {
      id: 'connect',
      system,
      done: best !== null && ((best.failed === 0 && best.bad === null) || best.answered > 0),
      detail: connection(best),
    },
    {
      id: 'key',
      system,
      done: best?.key ?? false,
      detail: best?.key
        ? 'a key for it is live'
        : 'make a key for the program that calls it; the key is shown once',
    },
    {
      id: 'call',
      system,
      done: (best?.answered ?? 0) > 0,
      detail: calling(best),
    },
    {
      id: 'report',
      system,
      done: (best?.report ?? null) !== null,
      detail: best?.report
        ? 'the report was read'
        : best?.mode === 'enforce'
          ? `\`${best.name}\` enforces already: have it observe, and read what enforcing would block`
          : 'read what enforcing would have blocked; judge whether it is right',
    },
    {
      id: 'enforce',
      system,
      done: best?.mode === 'enforce',
      detail: best?.mode === 'enforce' ? 'the gates are closed' : 'let the gates block',
    },
  ];
  const started = await store.events.latest('installation-created');
  let completed = await store.events.latest('guide-completed');
  if (!completed && steps.every((step) => step.done)) {
    const making = completing.get(control) ?? complete(control, system, started?.at ?? null);
    completing.set(control, making);
    completed = await making.finally(() => completing.delete(control));
  }
  return {
    gatewayUrl: control.gatewayUrl,
    steps,
    startedAt: started?.at ?? null,
    completedAt: completed?.at ?? null,
  };
}

/** Records that the first hour is over. With the controls as the last probes left them: someone waits for the answer. */
async function complete(
  control: Control,
  system: string | null,
  startedAt: string | null,
): Promise<SallyportEvent> {
  const controls = await control.postureNow.controls();
  const count = (status: string): number => controls.filter((one) => one.status === status).length;
  const completed = newEvent('guide-completed', {
    actor: 'sallyport',
    subject: 'organisation',
    data: {
      system,
      minutes: startedAt === null ? null : Math.round((clock.nowMs() - Date.parse(startedAt)) / 60_000),
      effective: count('effective'),
      partial: count('partial'),
      failing: count('failing'),
    },
  });
  await control.installation.announce(completed);
  return completed;
}
