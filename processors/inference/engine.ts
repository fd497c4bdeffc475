// The inference engine: texts in, probabilities out. What runs where and in which batches, batching/ decides.
import { availableParallelism } from 'node:os';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type { LoadableModel, ModelManifest } from '../../schemas/model-manifest.ts';
import type { BacklogLimits } from './batching/backlog.ts';
import type { RunRecord } from './batching/run-ledger.ts';
import type { Asking } from './inference.ts';
import type { Input, TokenRows } from './model.ts';
import { cpuDevice, type Device, type Opened } from './providers.ts';
import { ReleaseSet, type Urgency } from './release-set.ts';
import { type StartWorker, startWorker } from './thread.ts';

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

export interface EngineOptions extends Partial<BacklogLimits> {
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
  /**
   * A token model that by what was measured runs 4,096 tokens in so long runs on the calling thread instead of a
   * worker, in batches that take no longer. In milliseconds, by default 2.
   */
  readonly inlineMsMax?: number;
  /** Tokens of a batch, padding counted; without it what is learned about a model decides. */
  readonly tokensPerRun?: number;
  /** Told of every run: for metrics. */
  readonly observe?: (run: RunRecord) => void;
  /** Where models that are worth a device run; by default the processor. */
  readonly device?: Device;
  /** Told for each thread that starts what its models run on. */
  readonly opened?: (opened: readonly Opened[]) => void;
}

/** How the engine is, as far as the last ten seconds tell. Shares are between 0 and 1. */
export interface EngineLoad {
  /** Texts that wait; `queuedRequests` and `queuedStreams` are its parts by priority. */
  readonly queuedTexts: number;
  readonly queuedRequests: number;
  readonly queuedStreams: number;
  readonly workers: number;
  /** Threads that run a batch at this moment. */
  readonly busyWorkers: number;
  /** Time that threads spent in runs: the device’s utilisation. */
  readonly busyShare: number;
  /** Tokens that were padding. */
  readonly paddingShare: number;
  /** How far runs were off what was expected, as a share of that; may exceed 1. */
  readonly costError: number;
  /** What `setTokenBudget` said; null while it is learned. */
  readonly tokenBudget: number | null;
  /** Models that run on the calling thread at present, by task. */
  readonly inlineTasks: readonly string[];
}

/** Loads every model in every thread. Throws `Misconfigured` when a model cannot be loaded. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const engine = new Engine(options);
  await engine.start();
  return engine;
}

export class Engine {
  /** Without its models: those of the first set would stay in memory after a swap. */
  readonly #options: Omit<EngineOptions, 'models'>;
  #set: ReleaseSet;
  #workers: number;
  #tokenBudget: number | null;
  #closed = false;
  /** Swaps, one after another; sets that are on their way out. */
  #swapping: Promise<void> = Promise.resolve();
  readonly #leaving = new Set<Promise<void>>();

  constructor({ models, ...options }: EngineOptions) {
    this.#options = options;
    this.#workers = options.workers ?? Math.max(1, availableParallelism() - 1);
    this.#tokenBudget = options.tokensPerRun ?? null;
    this.#set = this.#setOf(models);
  }

  /** What serves each task. */
  get manifests(): readonly ModelManifest[] {
    return [...this.#set.manifests.values()];
  }

  /** Texts that wait for a thread. */
  get queuedTexts(): number {
    return this.#set.queuedTexts;
  }

  get load(): EngineLoad {
    const { crew, backlog, ledger, costs, manifests, queuedTexts } = this.#set;
    return {
      queuedTexts,
      queuedRequests: backlog.texts('request'),
      queuedStreams: backlog.texts('stream'),
      workers: crew.workers,
      busyWorkers: crew.busy,
      busyShare: ledger.busyShare(crew.workers),
      paddingShare: ledger.paddingShare,
      costError: ledger.costError,
      tokenBudget: costs.tokenBudget,
      inlineTasks: [...manifests.keys()].filter((task) => costs.runsHere(task)),
    };
  }

  async start(): Promise<void> {
    await this.#set.start(this.#workers);
  }

  /** Tokens of a batch that threads run, padding counted; null for what is learned about each model. */
  setTokenBudget(tokens: number | null): void {
    this.#tokenBudget = tokens;
    this.#set.costs.tokenBudget = tokens;
  }

  /** Another number of threads, at least one. New ones join when they have loaded; too many end when they are free. */
  resize(workers: number): void {
    this.#workers = Math.max(1, workers);
    this.#set.crew.resize(this.#workers);
  }

  /**
   * What each task’s model says about each text (or pair of texts, for models that compare); answers stand in the order
   * of tasks and texts. Calls that wait while all threads are busy are run together. A thread that dies is replaced and
   * its texts run again; those over which threads die again and again are found and named in `ModelCrashed`. Throws
   * `Overloaded` when too much waits, `Retryable` when threads cannot be started, `Misconfigured` when no model serves
   * a task or threads die over whatever they are given.
   */
  async predict(
    tasks: readonly string[],
    texts: readonly Input[],
    asking: Asking = {},
  ): Promise<readonly Answers[]> {
    const set = this.#set;
    const manifests = tasks.map((task) => manifestOf(set, task));
    if (this.#closed) throw closed();
    const rows = await set.predict(tasks, texts, urgencyOf(asking));
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
   * Values of one token model for inputs whose tokens the caller made, in their order and framed as the model’s own
   * front would: `labels.length` for each. `rows` stays untouched until the answer. Throws what `predict` throws.
   */
  async predictTokens(task: string, rows: TokenRows, asking: Asking = {}): Promise<Float32Array> {
    const set = this.#set;
    manifestOf(set, task);
    if (!set.readsTokens(task)) {
      throw new Misconfigured(`the model of “${task}” reads texts, not tokens`, {
        code: 'reads-no-tokens',
        fix: 'Ask it about texts.',
      });
    }
    if (this.#closed) throw closed();
    return set.predictTokens(task, rows, urgencyOf(asking));
  }

  /**
   * Serves other releases. They are loaded and warmed in threads of their own beside those that serve; then every new
   * call goes to them, while the old ones finish what they accepted, and end. Resolves when the old threads have ended.
   * Throws `Misconfigured` when one cannot be loaded: the old ones go on. A second swap waits for the first.
   */
  swap(models: readonly LoadableModel[]): Promise<void> {
    const swapped = this.#swapping.then(() => this.#swap(models));
    this.#swapping = swapped.catch(() => {});
    return swapped;
  }

  /**
   * Finishes what was accepted, then ends the threads. What is not finished after `withinMs` (without it, however long
   * it takes) is given up: `Retryable` (`engine-closed`).
   */
  async close(withinMs?: number): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#swapping, this.#set.close(withinMs), ...this.#leaving]);
  }

  async #swap(models: readonly LoadableModel[]): Promise<void> {
    if (this.#closed) throw closed();
    const next = this.#setOf(models);
    await next.start(this.#workers);
    if (this.#closed) {
      await next.close(0);
      throw closed();
    }
    const old = this.#set;
    this.#set = next;
    // What was said while it loaded.
    if (next.crew.workers !== this.#workers) next.crew.resize(this.#workers);
    next.costs.tokenBudget = this.#tokenBudget;
    const gone = old.close();
    this.#leaving.add(gone);
    await gone.finally(() => this.#leaving.delete(gone));
  }

  #setOf(models: readonly LoadableModel[]): ReleaseSet {
    const options = this.#options;
    const set = new ReleaseSet({
      models,
      startWorker: options.startWorker ?? startWorker,
      runMsMax: options.runMsMax ?? 60_000,
      inlineMsMax: options.inlineMsMax ?? 2,
      textsPerRunMax: options.textsPerRunMax ?? 256,
      charactersPerRunMax: options.charactersPerRunMax ?? 1_048_576,
      queueTextsMax: options.queueTextsMax ?? 32_768,
      queueCharactersMax: options.queueCharactersMax ?? 67_108_864,
      observe: options.observe ?? (() => {}),
      device: options.device ?? cpuDevice,
      opened: options.opened ?? (() => {}),
    });
    set.costs.tokenBudget = this.#tokenBudget;
    return set;
  }
}

function manifestOf({ manifests }: ReleaseSet, task: string): ModelManifest {
  const manifest = manifests.get(task);
  if (manifest !== undefined) return manifest;
  throw new Misconfigured(`no model is loaded for the task “${task}”`, {
    code: 'unknown-task',
    fix: `Choose from ${[...manifests.keys()].join(', ')}, or train it with “millrace train ${task}”.`,
  });
}

const urgencyOf = ({ priority = 'stream', withinMs }: Asking): Urgency => ({
  priority,
  dueAt: withinMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + withinMs,
});

const closed = (): Retryable => new Retryable('the inference engine is closed', { code: 'engine-closed' });
