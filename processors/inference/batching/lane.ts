// The calling thread as a runner: batches of light models, one after another, other work of the loop in between.

import type { Work } from './crew.ts';
import type { InlineRunner } from './inline-runner.ts';
import type { Job } from './job.ts';

export class InlineLane {
  readonly #runner: InlineRunner;
  readonly #work: Work;
  #running: Promise<void> | null = null;

  constructor(runner: InlineRunner, work: Work) {
    this.#runner = runner;
    this.#work = work;
  }

  get isIdle(): boolean {
    return this.#running === null;
  }

  /** Begins with what waits, unless it is at it already. */
  dispatch(): void {
    if (this.#running !== null) return;
    const job = this.#work.next(1);
    if (job === null) return;
    this.#running = this.#runAll(job);
  }

  /** Ends the models once nothing runs. */
  async close(): Promise<void> {
    await this.#running;
    await this.#runner.close();
  }

  async #runAll(first: Job): Promise<void> {
    for (let job: Job | null = first; job !== null; job = this.#work.next(1)) {
      try {
        this.#work.ran(job, await job.run(this.#runner, Number.POSITIVE_INFINITY));
      } catch (error) {
        job.reject(error as Error);
      }
    }
    this.#running = null;
    this.#work.idle();
  }
}
