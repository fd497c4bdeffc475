// The inference engine: texts in, probabilities out, over a crew of threads that each hold every model.
import { availableParallelism } from 'node:os';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { LoadableModel, ModelManifest } from '../../schemas/model-manifest.ts';
import { type Input, lengthOf } from './model.ts';
import { InferenceThread, type StartWorker, startWorker, ThreadDied } from './thread.ts';
import { type Piece, type QueueLimits, WorkQueue } from './work-queue.ts';

/** What one model says about every text of a call. */
export interface Answers {
  readonly task: string;
  /** `task@version` of the model that answered. */
  readonly release: string;
  readonly labels: readonly string[];
  readonly activation: ModelManifest['activation'];
  /** Labels that may be taken as one, by the name of that. */
  readonly groups?: ModelManifest['groups'];
  /** From the leading probability to the confidence that is shown. */
  readonly curve?: ModelManifest['confidence'];
  /** What a text without any feature is called; all its probabilities are zero where this is no label of the model. */
  readonly emptyLabel: string;
  /** Calibrated (values, where the activation is `identity`), one row of `labels.length` for each text. */
  readonly probabilities: Float32Array;
}

export interface EngineOptions extends Partial<QueueLimits> {
  /** One model for each task. */
  readonly models: readonly LoadableModel[];
  /** Threads; by default one for each core but one, which the main loop needs. */
  readonly workers?: number;
  readonly startWorker?: StartWorker;
}

/** Loads every model in every thread. Throws `Misconfigured` when a model cannot be loaded. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const workers = options.workers ?? Math.max(1, availableParallelism() - 1);
  const engine = new Engine(options);
  await engine.start(workers);
  return engine;
}

export class Engine {
  readonly #models: readonly LoadableModel[];
  readonly #manifests: ReadonlyMap<string, ModelManifest>;
  readonly #startWorker: StartWorker;
  readonly #textsPerRunMax: number;
  readonly #queue: WorkQueue;
  readonly #idle: InferenceThread[] = [];
  readonly #busy = new Map<InferenceThread, Promise<void>>();
  #missing = 0;
  #starting = 0;
  #closed = false;
  #whenDrained: (() => void) | null = null;

  constructor(options: EngineOptions) {
    this.#models = options.models;
    this.#manifests = new Map(options.models.map(({ manifest }) => [manifest.task, manifest]));
    this.#startWorker = options.startWorker ?? startWorker;
    this.#textsPerRunMax = options.textsPerRunMax ?? 256;
    this.#queue = new WorkQueue({
      textsPerRunMax: this.#textsPerRunMax,
      charactersPerRunMax: options.charactersPerRunMax ?? 1_048_576,
      queueTextsMax: options.queueTextsMax ?? 32_768,
      queueCharactersMax: options.queueCharactersMax ?? 67_108_864,
    });
  }

  /** What serves each task. */
  get manifests(): readonly ModelManifest[] {
    return [...this.#manifests.values()];
  }

  /** Texts that wait for a thread. */
  get queuedTexts(): number {
    return this.#queue.texts;
  }

  async start(workers: number): Promise<void> {
    const threads = await Promise.allSettled(Array.from({ length: workers }, () => this.#startThread()));
    const failure = threads.find((thread) => thread.status === 'rejected');
    for (const thread of threads) if (thread.status === 'fulfilled') this.#idle.push(thread.value);
    if (failure === undefined) return;
    await this.close();
    throw failure.reason;
  }

  /**
   * What each task’s model says about each text (or pair of texts, for models that compare); answers stand in the order of tasks and texts. Calls that wait
   * while all threads are busy are run together. Throws `Overloaded` when too much waits, `Retryable` when threads
   * died twice over a text or cannot be started, `Misconfigured` when no model serves a task.
   */
  async predict(tasks: readonly string[], texts: readonly Input[]): Promise<readonly Answers[]> {
    const manifests = tasks.map((task) => this.#manifestOf(task));
    if (this.#closed) throw new Retryable('the inference engine is closed', { code: 'engine-closed' });
    const rows = manifests.map(({ labels }) => new Float32Array(labels.length * texts.length));
    if (texts.length > 0 && tasks.length > 0) await this.#collect(tasks, texts, rows);
    return manifests.map(({ task, release, labels, activation, groups, confidence, emptyLabel }, index) => ({
      task,
      release,
      labels,
      activation,
      groups,
      curve: confidence,
      emptyLabel,
      probabilities: rows[index]!,
    }));
  }

  /** Finishes what was accepted, then ends the threads. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#queue.texts > 0 || this.#busy.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenDrained = resolve;
      });
    }
    await Promise.all(this.#idle.splice(0).map((thread) => thread.stop()));
  }

  #manifestOf(task: string): ModelManifest {
    const manifest = this.#manifests.get(task);
    if (manifest !== undefined) return manifest;
    throw new Misconfigured(`no model is loaded for the task “${task}”`, {
      code: 'unknown-task',
      fix: `Choose from ${[...this.#manifests.keys()].join(', ')}, or train it with “millrace train ${task}”.`,
    });
  }

  /** Cuts a call into pieces, and copies what comes back to its place in `rows`. */
  async #collect(tasks: readonly string[], texts: readonly Input[], rows: Float32Array[]): Promise<void> {
    const answers: Promise<void>[] = [];
    const pieces: Piece[] = [];
    for (let from = 0; from < texts.length; from += this.#textsPerRunMax) {
      const part = texts.slice(from, from + this.#textsPerRunMax);
      const characters = part.reduce((sum, text) => sum + lengthOf(text), 0);
      answers.push(
        new Promise((resolve, reject) => {
          const place = (probabilities: readonly Float32Array[]) => {
            for (const [index, part] of probabilities.entries()) {
              rows[index]!.set(part, (rows[index]!.length / texts.length) * from);
            }
            resolve();
          };
          pieces.push({ tasks, texts: part, characters, deaths: 0, resolve: place, reject });
        }),
      );
    }
    this.#queue.add(pieces);
    this.#dispatch();
    await Promise.all(answers);
  }

  #dispatch(): void {
    this.#replaceMissing();
    while (this.#idle.length > 0) {
      const pieces = this.#queue.take();
      if (pieces.length === 0) break;
      const thread = this.#idle.pop()!;
      const run = this.#run(thread, pieces).finally(() => {
        this.#busy.delete(thread);
        if (thread.alive) this.#idle.push(thread);
        else this.#missing++;
        this.#dispatch();
      });
      this.#busy.set(thread, run);
    }
    if (this.#queue.texts === 0 && this.#busy.size === 0) this.#whenDrained?.();
  }

  async #run(thread: InferenceThread, pieces: readonly Piece[]): Promise<void> {
    const texts = pieces.length === 1 ? pieces[0]!.texts : pieces.flatMap((piece) => piece.texts);
    try {
      const probabilities = await thread.run({ tasks: pieces[0]!.tasks, texts });
      let from = 0;
      for (const piece of pieces) {
        const to = from + piece.texts.length;
        piece.resolve(
          probabilities.map((all) =>
            all.subarray((all.length / texts.length) * from, (all.length / texts.length) * to),
          ),
        );
        from = to;
      }
    } catch (error) {
      for (const piece of pieces) this.#fail(piece, error as Error);
    }
  }

  #fail(piece: Piece, error: Error): void {
    if (!(error instanceof ThreadDied)) piece.reject(error);
    else if (piece.deaths === 0) this.#queue.putBack({ ...piece, deaths: 1 });
    else piece.reject(unwell('an inference thread died twice over the same texts', error));
  }

  /** A thread that died while idle is found here too, at the next call. */
  #replaceMissing(): void {
    if (this.#closed && this.#queue.texts === 0) return;
    for (let at = this.#idle.length - 1; at >= 0; at--) {
      if (this.#idle[at]!.alive) continue;
      this.#idle.splice(at, 1);
      this.#missing++;
    }
    for (; this.#missing > 0; this.#missing--) {
      this.#starting++;
      this.#startThread()
        .then((thread) => this.#admit(thread))
        .catch((error: unknown) => {
          this.#missing++;
          if (this.#starting === 1 && this.#busy.size === 0 && this.#idle.length === 0)
            this.#rejectAll(error);
        })
        .finally(() => {
          this.#starting--;
          if (this.#idle.length > 0) this.#dispatch();
        });
    }
  }

  /** A replacement that comes up after the engine was closed is not kept. */
  async #admit(thread: InferenceThread): Promise<void> {
    if (this.#closed && this.#queue.texts === 0) await thread.stop();
    else this.#idle.push(thread);
  }

  /** No thread is left and none can be started: who waits is told, and the next call tries again. */
  #rejectAll(error: unknown): void {
    for (let pieces = this.#queue.take(); pieces.length > 0; pieces = this.#queue.take()) {
      for (const piece of pieces) piece.reject(unwell('no inference thread can be started', error));
    }
    this.#whenDrained?.();
  }

  #startThread(): Promise<InferenceThread> {
    return InferenceThread.start({ models: this.#models }, this.#startWorker);
  }
}

const unwell = (message: string, cause: unknown): Retryable =>
  new Retryable(message, { code: 'inference-thread-died', cause });
