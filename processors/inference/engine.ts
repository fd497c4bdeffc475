// The inference engine: texts in, probabilities out, over a crew of threads that each hold every model.
import { availableParallelism } from 'node:os';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { LoadableModel, ModelManifest } from '../../schemas/model-manifest.ts';
import { Call } from './call.ts';
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
  /**
   * A thread that has not answered a run after so long is ended; a quarter of a second more for each text and task.
   * In milliseconds, by default a minute.
   */
  readonly runMsMax?: number;
}

const msPerAnswer = 250;
/** A text that has ended so many threads, the last ones while it ran alone, does so by itself. */
const deathsMax = 3;

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
  readonly #runMsMax: number;
  readonly #queue: WorkQueue;
  readonly #idle: InferenceThread[] = [];
  readonly #busy = new Map<InferenceThread, Promise<void>>();
  #missing = 0;
  #starting = 0;
  #closed = false;
  #gaveUp = false;
  #whenDrained: (() => void) | null = null;

  constructor(options: EngineOptions) {
    this.#models = options.models;
    this.#manifests = new Map(options.models.map(({ manifest }) => [manifest.task, manifest]));
    this.#startWorker = options.startWorker ?? startWorker;
    this.#textsPerRunMax = options.textsPerRunMax ?? 256;
    this.#runMsMax = options.runMsMax ?? 60_000;
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
   * while all threads are busy are run together. A thread that dies is replaced and its texts run again; those over
   * which threads die again and again are found and named in `ModelCrashed`. Throws `Overloaded` when too much
   * waits, `Retryable` when threads cannot be started, `Misconfigured` when no model serves a task or threads die
   * over whatever they are given.
   */
  async predict(tasks: readonly string[], texts: readonly Input[]): Promise<readonly Answers[]> {
    const manifests = tasks.map((task) => this.#manifestOf(task));
    if (this.#closed) throw closed();
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

  /**
   * Finishes what was accepted, then ends the threads. What is not finished after `withinMs` (without it, however long
   * it takes) is given up: `Retryable` (`engine-closed`).
   */
  async close(withinMs?: number): Promise<void> {
    this.#closed = true;
    if (this.#queue.texts > 0 || this.#busy.size > 0) {
      const timer = withinMs === undefined ? undefined : setTimeout(() => this.#giveUp(), withinMs);
      await new Promise<void>((resolve) => {
        this.#whenDrained = resolve;
      });
      clearTimeout(timer);
    }
    await Promise.all(this.#idle.splice(0).map((thread) => thread.stop()));
  }

  #giveUp(): void {
    this.#gaveUp = true;
    for (const thread of this.#busy.keys()) thread.abandon('the engine closes');
    this.#rejectAll(closed());
  }

  #manifestOf(task: string): ModelManifest {
    const manifest = this.#manifests.get(task);
    if (manifest !== undefined) return manifest;
    throw new Misconfigured(`no model is loaded for the task “${task}”`, {
      code: 'unknown-task',
      fix: `Choose from ${[...this.#manifests.keys()].join(', ')}, or train it with “millrace train ${task}”.`,
    });
  }

  /** Cuts a call into pieces, whose answers come to their places in `rows`. */
  async #collect(tasks: readonly string[], texts: readonly Input[], rows: Float32Array[]): Promise<void> {
    const call = new Call(tasks, texts.length, rows);
    const pieces: Piece[] = [];
    for (let from = 0; from < texts.length; from += this.#textsPerRunMax)
      pieces.push(
        pieceOf({ tasks, call, from, texts: texts.slice(from, from + this.#textsPerRunMax), deaths: 0 }),
      );
    this.#queue.add(pieces);
    this.#dispatch();
    await call.answered;
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
    const tasks = pieces[0]!.tasks;
    const withinMs = this.#runMsMax + msPerAnswer * tasks.length * texts.length;
    try {
      const probabilities = await thread.run({ tasks, texts }, withinMs);
      let at = 0;
      for (const { call, from, texts: part } of pieces) {
        const to = at + part.length;
        const shareOf = (all: Float32Array) =>
          all.subarray((all.length / texts.length) * at, (all.length / texts.length) * to);
        call.place(from, part.length, probabilities.map(shareOf));
        at = to;
      }
    } catch (error) {
      // Back in the reverse order, because each goes before all others.
      for (const piece of [...pieces].reverse()) this.#fail(piece, error as Error);
    }
  }

  /**
   * Once may be anybody’s fault, and the piece is run again, alone. Again it is the fault of one of its texts: halves
   * find out whose.
   */
  #fail(piece: Piece, error: Error): void {
    const { call, from, texts } = piece;
    const deaths = piece.deaths + 1;
    if (this.#gaveUp) call.reject(closed());
    else if (!(error instanceof ThreadDied)) call.reject(error);
    else if (deaths > 1 && texts.length > 1) {
      const middle = texts.length >> 1;
      this.#queue.putBack(pieceOf({ ...piece, from: from + middle, texts: texts.slice(middle), deaths: 1 }));
      this.#queue.putBack(pieceOf({ ...piece, texts: texts.slice(0, middle), deaths: 1 }));
    } else if (deaths < deathsMax) this.#queue.putBack({ ...piece, deaths });
    else call.crashed(from, error.cause ?? error);
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
            this.#rejectAll(unwell('no inference thread can be started', error));
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

  /** Nobody is left to answer: who waits is told, and the next call tries again. */
  #rejectAll(error: Retryable): void {
    for (let pieces = this.#queue.take(); pieces.length > 0; pieces = this.#queue.take())
      for (const { call } of pieces) call.reject(error);
    this.#whenDrained?.();
  }

  #startThread(): Promise<InferenceThread> {
    return InferenceThread.start({ models: this.#models }, this.#startWorker);
  }
}

const pieceOf = (piece: Omit<Piece, 'characters'>): Piece => ({
  ...piece,
  characters: piece.texts.reduce((sum, text) => sum + lengthOf(text), 0),
});

const closed = (): Retryable => new Retryable('the inference engine is closed', { code: 'engine-closed' });

const unwell = (message: string, cause: unknown): Retryable =>
  new Retryable(message, { code: 'inference-thread-died', cause });
