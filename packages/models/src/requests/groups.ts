/** Numbers the runs of neighbouring messages that one role says: a system reads them as one. */
export function roleRuns(messages: unknown): (index: unknown) => string {
  const list = Array.isArray(messages) ? messages : [];
  const runs: number[] = [];
  let before: unknown;
  let run = 0;
  for (const message of list) {
    const role = (message as { role?: unknown } | null)?.role;
    if (role !== before || role === undefined) run++;
    before = role;
    runs.push(run);
  }
  return (index) => `run ${typeof index === 'number' ? (runs[index] ?? 0) : 0}`;
}
