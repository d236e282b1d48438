/** What waits for a thread. */
export interface Waiting {
  /** Who waits: callers take turns. */
  readonly caller: string;
  /** May take long, so that it is not given the thread that is kept for short ones. */
  readonly long: boolean;
}

/** Jobs that may wait in all, and those of them that one caller may have. */
const WAITING_MAX = 1_024;
const WAITING_OF_CALLER_MAX = 768;

/** Jobs in the order in which they came, callers taking turns. */
export class InspectionQueue<Job extends Waiting> {
  readonly #waiting = new Map<string, Job[]>();
  readonly #running = new Map<string, number>();
  /** Callers who have a long job running. */
  readonly #runningLong = new Set<string>();
  #length = 0;

  /** Adds a job. @returns false where too many wait */
  add(job: Job): boolean {
    const own = this.#waiting.get(job.caller);
    if (this.#length >= WAITING_MAX || (own?.length ?? 0) >= WAITING_OF_CALLER_MAX) return false;
    if (own) own.push(job);
    else this.#waiting.set(job.caller, [job]);
    this.#length++;
    return true;
  }

  /**
   * Next job for a thread: of a caller with none running, before those who have one. No caller has two long ones running: what
   * one caller sends holds one thread for long ones, and others have the rest.
   * @param long whether it takes long ones
   */
  take(long: boolean): Job | null {
    for (const idle of [true, false]) {
      for (const [caller, jobs] of this.#waiting) {
        if (idle && this.#running.has(caller)) continue;
        const at = long && !this.#runningLong.has(caller) ? 0 : jobs.findIndex((job) => !job.long);
        const job = jobs[at];
        if (!job) continue;
        jobs.splice(at, 1);
        this.#length--;
        this.#waiting.delete(caller);
        if (jobs.length > 0) this.#waiting.set(caller, jobs);
        this.#running.set(caller, (this.#running.get(caller) ?? 0) + 1);
        if (job.long) this.#runningLong.add(caller);
        return job;
      }
    }
    return null;
  }

  /** A job that was taken has ended: what its caller still waits for comes behind those who came meanwhile. */
  ended({ caller, long }: Job): void {
    if (long) this.#runningLong.delete(caller);
    const waiting = this.#waiting.get(caller);
    if (waiting) {
      this.#waiting.delete(caller);
      this.#waiting.set(caller, waiting);
    }
    const running = (this.#running.get(caller) ?? 1) - 1;
    if (running > 0) this.#running.set(caller, running);
    else this.#running.delete(caller);
  }

  /** Takes all that wait. */
  clear(): Job[] {
    const all = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    this.#length = 0;
    return all;
  }
}
