// One inference thread as the engine sees it: started, given a batch, found dead.
import { Worker } from 'node:worker_threads';
import { Misconfigured } from '../../schemas/errors.ts';
import { type BatchExtent, BatchMemory, type MemorySize } from './batching/batch-memory.ts';
import type { Runner, TextRun } from './batching/job.ts';
import type { Input } from './model.ts';
import { freeTurnOf, type Opened } from './providers.ts';
import type { WarmTask, WorkerBatch, WorkerPaddedBatch, WorkerReply, WorkerStart } from './worker.ts';

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

type Answer = Extract<WorkerReply, { kind: 'answered' | 'ran' }>;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class InferenceThread implements Runner {
  readonly #worker: Worker;
  #waiting: Waiting | null = null;
  #alive = true;
  #warm: readonly WarmTask[] = [];
  #opened: readonly Opened[] = [];
  /** Here between runs, in the thread during one; lost with a run that failed. */
  #memory: BatchMemory | null = null;

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

  /** What its models that are worth a device run on. */
  get opened(): readonly Opened[] {
    return this.#opened;
  }

  /** What first runs took, by task. */
  get warm(): readonly WarmTask[] {
    return this.#warm;
  }

  async runTexts(tasks: readonly string[], texts: readonly Input[], withinMs: number): Promise<TextRun> {
    const started = performance.now();
    const answer = await this.#ask({ tasks, texts }, [], withinMs);
    if (answer.kind !== 'answered') throw new Error('the inference thread answered something else');
    return { probabilities: answer.probabilities, ms: answer.ms ?? performance.now() - started };
  }

  memory(size: MemorySize): BatchMemory {
    this.#memory = this.#memory?.grownTo(size) ?? BatchMemory.of(size);
    return this.#memory;
  }

  async runPadded(
    task: string,
    { handed }: BatchMemory,
    extent: BatchExtent,
    withinMs: number,
  ): Promise<{ readonly memory: BatchMemory; readonly ms: number }> {
    this.#memory = null;
    const answer = await this.#ask({ task, extent, memory: handed }, [handed.buffer], withinMs);
    if (answer.kind !== 'ran') throw new Error('the inference thread answered something else');
    this.#memory = new BatchMemory(answer.memory);
    return { memory: this.#memory, ms: answer.ms };
  }

  /**
   * One batch at a time. A thread that does not answer in time hangs: it is ended, and is `ThreadDied` like one that
   * ended by itself.
   */
  async #ask(
    batch: WorkerBatch | WorkerPaddedBatch,
    transfer: readonly ArrayBuffer[],
    withinMs: number,
  ): Promise<Answer> {
    if (!this.#alive) throw new ThreadDied('the inference thread has ended');
    const timer = setTimeout(() => this.abandon(`it did not answer within ${withinMs} ms`), withinMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#worker.postMessage(batch, transfer);
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
    const { threadId } = this.#worker;
    this.#worker.on('exit', (code) => {
      this.#alive = false;
      freeTurnOf(threadId);
      const death = new ThreadDied(`the inference thread ended with code ${code}`, { cause });
      refused(death);
      this.#settle()?.reject(death);
    });
    this.#worker.on('message', (reply: WorkerReply) => {
      if (reply.kind === 'ready') {
        this.#warm = reply.warm ?? [];
        this.#opened = reply.opened ?? [];
        ready();
      } else if (reply.kind === 'answered' || reply.kind === 'ran') this.#settle()?.resolve(reply);
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
