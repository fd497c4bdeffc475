// The threads that run batches: started, kept at their number when they die, given what comes next when they are free.
import { Retryable } from '../../../schemas/errors.ts';
import { type InferenceThread, ThreadDied } from '../thread.ts';
import type { Job } from './job.ts';

/** Where batches come from, and who hears what they took. */
export interface Work {
  /** The next batch for one of so many idle threads; null when nothing waits. */
  next(idle: number): Job | null;
  /** Whether something waits or is on its way to wait. */
  readonly isWaiting: boolean;
  ran(job: Job, ms: number): void;
  /** Nobody is left to answer what waits. */
  lost(error: Retryable): void;
  /** Nothing runs any more. */
  idle(): void;
}

export interface CrewOptions {
  readonly startThread: () => Promise<InferenceThread>;
  /** A run that takes longer is ended with its thread, in milliseconds; and so much more for each answer it makes. */
  readonly runMsMax: number;
  readonly work: Work;
}

const msPerAnswer = 250;
/** A text that has ended so many threads, the last ones while it ran alone, does so by itself. */
const deathsMax = 3;

/** A batch over which a thread died. */
interface Suspect {
  readonly job: Job;
  readonly deaths: number;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #idle: InferenceThread[] = [];
  readonly #busy = new Map<InferenceThread, Job>();
  readonly #suspects: Suspect[] = [];
  #wanted = 0;
  #missing = 0;
  #starting = 0;
  #closing = false;
  #gaveUp: Retryable | null = null;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Threads that run a batch now. */
  get busy(): number {
    return this.#busy.size;
  }

  /** Threads there are to be. */
  get workers(): number {
    return this.#wanted;
  }

  /** Texts of batches over which a thread died, which wait for another. */
  get suspectTexts(): number {
    return this.#suspects.reduce((sum, { job }) => sum + job.size.texts, 0);
  }

  get isIdle(): boolean {
    return this.#busy.size === 0 && this.#suspects.length === 0;
  }

  /** Starts threads; resolves to one of them when all are ready. Throws what one of them failed with. */
  async start(workers: number): Promise<InferenceThread> {
    this.#wanted = workers;
    const starts = Array.from({ length: workers }, () => this.#options.startThread());
    const threads = await Promise.allSettled(starts);
    const failure = threads.find((thread) => thread.status === 'rejected');
    for (const thread of threads) if (thread.status === 'fulfilled') this.#idle.push(thread.value);
    if (failure === undefined) return this.#idle[0]!;
    await this.stop();
    throw failure.reason;
  }

  /** Another number of threads: new ones join when they are ready, and who is free and too many ends. */
  resize(workers: number): void {
    this.#missing += workers - this.#wanted;
    this.#wanted = workers;
    this.dispatch();
  }

  /** Gives every idle thread its next batch. Synchronous: what is added is run before anything else happens. */
  dispatch(): void {
    this.#replaceMissing();
    while (this.#idle.length > 0) {
      const suspect = this.#suspects.shift();
      const job = suspect?.job ?? this.#options.work.next(this.#idle.length);
      if (job === null) break;
      void this.#run(this.#idle.pop()!, { job, deaths: suspect?.deaths ?? 0 });
    }
    if (this.isIdle) this.#options.work.idle();
  }

  /** From now on no thread is replaced that nobody needs. */
  close(): void {
    this.#closing = true;
  }

  /** Ends what runs; it and what waits for another thread is rejected. */
  giveUp(error: Retryable): void {
    this.#gaveUp = error;
    for (const { job } of this.#suspects.splice(0)) job.reject(error);
    for (const thread of this.#busy.keys()) thread.abandon('the engine closes');
  }

  /** Ends all idle threads. */
  async stop(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((thread) => thread.stop()));
  }

  async #run(thread: InferenceThread, suspect: Suspect): Promise<void> {
    const { job } = suspect;
    const { runMsMax, work } = this.#options;
    this.#busy.set(thread, job);
    try {
      work.ran(job, await job.run(thread, runMsMax + msPerAnswer * job.answers));
    } catch (error) {
      this.#failed(suspect, error as Error);
    } finally {
      this.#busy.delete(thread);
      if (thread.alive) this.#idle.push(thread);
      else this.#missing++;
      this.dispatch();
    }
  }

  /**
   * Once may be anybody’s fault, and the batch is run again, with nothing beside it. Again it is the fault of one of
   * its texts: halves find out whose.
   */
  #failed({ job, deaths: before }: Suspect, error: Error): void {
    if (this.#gaveUp !== null || !(error instanceof ThreadDied)) {
      job.reject(this.#gaveUp ?? error);
      return;
    }
    const deaths = before + 1;
    const halves = deaths > 1 ? job.halves() : null;
    if (halves !== null) this.#suspects.unshift(...halves.map((half) => ({ job: half, deaths: 1 })));
    else if (deaths < deathsMax) this.#suspects.unshift({ job, deaths });
    else job.crashed(error.cause ?? error);
  }

  /** A thread that died while idle is found here too, at the next call. */
  #replaceMissing(): void {
    for (let at = this.#idle.length - 1; at >= 0; at--) {
      if (this.#idle[at]!.alive) continue;
      this.#idle.splice(at, 1);
      this.#missing++;
    }
    for (; this.#missing < 0 && this.#idle.length > 0; this.#missing++) void this.#idle.pop()!.stop();
    if (this.#closing && !this.#isNeeded) return;
    for (; this.#missing > 0; this.#missing--) this.#replace();
  }

  #replace(): void {
    this.#starting++;
    this.#options
      .startThread()
      .then(async (thread) => {
        // One that comes up after the end is not kept.
        if (this.#closing && !this.#isNeeded) await thread.stop();
        else this.#idle.push(thread);
      })
      .catch((error: unknown) => {
        this.#missing++;
        if (this.#starting === 1 && this.#busy.size === 0 && this.#idle.length === 0) this.#lost(error);
      })
      .finally(() => {
        this.#starting--;
        if (this.#idle.length > 0) this.dispatch();
      });
  }

  get #isNeeded(): boolean {
    return this.#options.work.isWaiting || this.#suspects.length > 0;
  }

  /** The next call tries again. */
  #lost(cause: unknown): void {
    const error = new Retryable('no inference thread can be started', {
      code: 'inference-thread-died',
      cause,
    });
    for (const { job } of this.#suspects.splice(0)) job.reject(error);
    this.#options.work.lost(error);
    this.#options.work.idle();
  }
}
