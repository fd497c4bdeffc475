// One inference thread as the engine sees it: started, given a batch, found dead.
import { Worker } from 'node:worker_threads';
import { Misconfigured } from '../../schemas/errors.ts';
import type { WorkerBatch, WorkerReply, WorkerStart } from './worker.ts';

/** Starts the operating-system thread. Tests pass their own to hold on to what they want to kill. */
export type StartWorker = (start: WorkerStart) => Worker;

export const startWorker: StartWorker = (start) =>
  new Worker(new URL('./worker-entry.mjs', import.meta.url), {
    workerData: start,
    // The parent’s own `--import` flags would be resolved from the directory the process was started in.
    execArgv: [],
  });

/** The thread ended in the middle of a batch, or was ended because it did not answer. */
export class ThreadDied extends Error {
  override readonly name = 'ThreadDied';
}

interface Waiting {
  resolve(probabilities: readonly Float32Array[]): void;
  reject(error: Error): void;
}

export class InferenceThread {
  readonly #worker: Worker;
  #waiting: Waiting | null = null;
  #alive = true;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Resolves when every model is loaded. Throws `Misconfigured` where one cannot be, `ThreadDied` where the thread ends. */
  static async start(start: WorkerStart, create: StartWorker): Promise<InferenceThread> {
    const thread = new InferenceThread(create(start));
    await new Promise<void>((resolve, reject) => thread.#listen(resolve, reject));
    return thread;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Probabilities for each task of the batch, row-major. One batch at a time. A thread that does not answer in time
   * hangs: it is ended, and is `ThreadDied` like one that ended by itself.
   */
  async run(batch: WorkerBatch, withinMs: number): Promise<readonly Float32Array[]> {
    if (!this.#alive) throw new ThreadDied('the inference thread has ended');
    const timer = setTimeout(() => this.abandon(`it did not answer within ${withinMs} ms`), withinMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#worker.postMessage(batch);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Ends the thread and what it runs, without waiting: one that hangs inside a library ends only when that returns,
   * if ever.
   */
  abandon(why: string): void {
    this.#alive = false;
    this.#worker.unref();
    void this.#worker.terminate();
    this.#settle()?.reject(
      new ThreadDied(`the inference thread was ended: ${why}`, { cause: new Error(why) }),
    );
  }

  async stop(): Promise<void> {
    this.#alive = false;
    await this.#worker.terminate();
  }

  #listen(ready: () => void, refused: (error: Error) => void): void {
    let cause: unknown;
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#worker.on('exit', (code) => {
      this.#alive = false;
      const death = new ThreadDied(`the inference thread ended with code ${code}`, { cause });
      refused(death);
      this.#settle()?.reject(death);
    });
    this.#worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'ready') ready();
      else if (reply.kind === 'answered') this.#settle()?.resolve(reply.probabilities);
      else if (reply.kind === 'failed')
        this.#settle()?.reject(new Error(`inference failed: ${reply.reason}`));
      else refused(cannotLoad(reply.task, reply.reason));
    });
  }

  #settle(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }
}

const cannotLoad = (task: string, reason: string): Misconfigured =>
  new Misconfigured(`ONNX Runtime cannot load the model of “${task}”: ${reason}`, {
    code: 'model-refused',
    fix: `Train it again with “millrace train ${task}”, or take it out of the configured tasks.`,
  });
