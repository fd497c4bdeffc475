// The releases that serve together, with all they need: fronts that make tokens, queues, threads, and what was learned
// about costs. A swap puts a new set in the place of an old one, which finishes what it accepted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Retryable } from '../../schemas/errors.ts';
import type { LoadableModel, ModelManifest } from '../../schemas/model-manifest.ts';
import { Backlog, type BacklogLimits } from './batching/backlog.ts';
import { Crew } from './batching/crew.ts';
import { InlineRunner } from './batching/inline-runner.ts';
import type { Job } from './batching/job.ts';
import { InlineLane } from './batching/lane.ts';
import { RunCosts } from './batching/run-costs.ts';
import { type Priority, RunLedger, type RunRecord } from './batching/run-ledger.ts';
import { Call } from './call.ts';
import { loadFront, loadModel } from './load-model.ts';
import {
  type Input,
  isTokenModel,
  lengthOf,
  type TokenFront,
  type TokenModel,
  type TokenRows,
} from './model.ts';
import type { Device, Opened } from './providers.ts';
import { InferenceThread, type StartWorker } from './thread.ts';

export interface ReleaseSetOptions extends BacklogLimits {
  readonly models: readonly LoadableModel[];
  readonly startWorker: StartWorker;
  readonly runMsMax: number;
  /** A token model that runs 4,096 tokens in so long runs on the calling thread. */
  readonly inlineMsMax: number;
  /** Told of every run. */
  readonly observe: (run: RunRecord) => void;
  readonly device: Device;
  /** Told for each thread what its models run on. */
  readonly opened: (opened: readonly Opened[]) => void;
}

/** How urgent a call is, in the engine’s own terms. */
export interface Urgency {
  readonly priority: Priority;
  /** By `performance.now()`. */
  readonly dueAt: number;
}

/** Texts that are cut into tokens before the loop goes on with other work. */
const tokenizedAtOnce = 256;

const now = (): number => performance.now();

export class ReleaseSet {
  readonly manifests: ReadonlyMap<string, ModelManifest>;
  readonly costs: RunCosts;
  readonly ledger = new RunLedger(now);
  readonly crew: Crew;
  readonly backlog: Backlog;
  readonly #options: ReleaseSetOptions;
  readonly #fronts: ReadonlyMap<string, TokenFront>;
  readonly #inline: InlineLane;
  readonly #light = new Map<string, TokenModel>();
  readonly #priorities = new WeakMap<Job, Priority>();
  #tickets = 0;
  #dispatching = false;
  #gaveUp: Retryable | null = null;
  #whenIdle: (() => void) | null = null;

  constructor(options: ReleaseSetOptions) {
    const { models, startWorker, runMsMax, device } = options;
    this.#options = options;
    this.costs = new RunCosts(options.inlineMsMax);
    this.manifests = new Map(models.map(({ manifest }) => [manifest.task, manifest]));
    const fronts = models.map((model) => [model.manifest.task, loadFront(model)] as const);
    this.#fronts = new Map(fronts.filter((front): front is [string, TokenFront] => front[1] !== null));
    const targets = new Map(
      [...this.#fronts].map(([task, { padId }]) => [
        task,
        { task, padId, labels: this.manifests.get(task)!.labels.length },
      ]),
    );
    this.backlog = new Backlog(options, targets, this.costs, now);
    this.crew = new Crew({
      startThread: async () => {
        const thread = await InferenceThread.start({ models, device }, startWorker);
        options.opened(thread.opened);
        return thread;
      },
      runMsMax,
      work: this.#work('thread'),
    });
    this.#inline = new InlineLane(new InlineRunner(this.#light), this.#work('inline'));
  }

  /** Starts threads, and loads here what is light. Throws `Misconfigured` where a model cannot be loaded. */
  async start(workers: number): Promise<void> {
    const { warm, opened } = await this.crew.start(workers);
    // What is fast because a device computes it would be slow here.
    const elsewhere = new Set(
      opened.filter(({ provider }) => provider !== 'cpu').map(({ release }) => release),
    );
    for (const { task, samples } of warm) {
      this.costs.seed(task, samples);
      const { release } = this.manifests.get(task)!;
      if (this.costs.isLight(task) && !elsewhere.has(release)) await this.#loadHere(task);
    }
  }

  /** Whether a model is fed tokens. */
  readsTokens(task: string): boolean {
    return this.#fronts.has(task);
  }

  /** Texts that wait, or are to run again. */
  get queuedTexts(): number {
    return this.backlog.texts('request') + this.backlog.texts('stream') + this.crew.suspectTexts;
  }

  /** What each task’s model says about each text, in the order of tasks. Throws `Overloaded` and what `Call` throws. */
  async predict(
    tasks: readonly string[],
    texts: readonly Input[],
    urgency: Urgency,
  ): Promise<readonly Float32Array[]> {
    const rows = tasks.map((task) => this.#rowsFor(task, texts.length));
    if (texts.length === 0 || tasks.length === 0) return rows;
    const places = [...tasks.keys()];
    const textPlaces = places.filter((place) => !this.readsTokens(tasks[place]!));
    const tokenPlaces = places.filter((place) => this.readsTokens(tasks[place]!));
    const parts = tokenPlaces.length + (textPlaces.length > 0 ? 1 : 0);
    const characters = texts.reduce((sum, text) => sum + lengthOf(text), 0);
    this.backlog.admit(urgency.priority, parts * texts.length, parts * characters);
    const calls = tokenPlaces.map((place) => new Call([tasks[place]!], texts.length, [rows[place]!]));
    if (textPlaces.length > 0) {
      const asked = textPlaces.map((place) => tasks[place]!);
      const answers = textPlaces.map((place) => rows[place]!);
      calls.push(this.#addTexts(asked, texts, answers, urgency));
    }
    const tokenTasks = tokenPlaces.map((place) => tasks[place]!);
    if (tokenTasks.length > 0) void this.#tokenize(tokenTasks, texts, calls, urgency);
    await Promise.all(calls.map(({ answered }) => answered));
    return rows;
  }

  /** The same for one task whose tokens the caller made. */
  async predictTokens(task: string, rows: TokenRows, urgency: Urgency): Promise<Float32Array> {
    const texts = rows.ends.length;
    const answers = this.#rowsFor(task, texts);
    if (texts === 0) return answers;
    this.backlog.admit(urgency.priority, texts, 4 * rows.ids.length);
    const call = new Call([task], texts, [answers]);
    this.#addTokens(task, { rows, call, from: 0 }, urgency);
    if (urgency.priority === 'request') this.#dispatch();
    else this.#dispatchNextTurn();
    await call.answered;
    return answers;
  }

  /** Finishes what was accepted within so long, without limit where none is given, then ends the threads. */
  async close(withinMs?: number): Promise<void> {
    this.crew.close();
    if (!this.#isIdle) {
      const timer = withinMs === undefined ? undefined : setTimeout(() => this.#giveUp(), withinMs);
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
      clearTimeout(timer);
    }
    await Promise.all([this.crew.stop(), this.#inline.close()]);
  }

  #addTexts(
    tasks: readonly string[],
    texts: readonly Input[],
    rows: readonly Float32Array[],
    { priority, dueAt }: Urgency,
  ): Call {
    const call = new Call(tasks, texts.length, rows);
    this.backlog.addTexts(priority, { tasks, texts, from: 0, call, ticket: this.#tickets++, dueAt });
    this.#dispatch();
    return call;
  }

  /** Cuts texts into tokens, some at a time; threads begin with the first while others are cut. */
  async #tokenize(
    tasks: readonly string[],
    texts: readonly Input[],
    calls: readonly Call[],
    urgency: Urgency,
  ): Promise<void> {
    let coming = tasks.length * texts.length;
    try {
      for (let from = 0; from < texts.length; from += tokenizedAtOnce) {
        if (from > 0) await nextTurn();
        const part = texts.slice(from, from + tokenizedAtOnce);
        const made = new Map<string, TokenRows>();
        for (const [at, task] of tasks.entries()) {
          const front = this.#fronts.get(task)!;
          const rows = made.get(front.preparationKey) ?? front.tokenize(part);
          made.set(front.preparationKey, rows);
          coming -= part.length;
          this.#addTokens(task, { rows, call: calls[at]!, from }, urgency);
        }
        this.#dispatch();
      }
    } catch (error) {
      this.backlog.leave(urgency.priority, coming);
      for (const call of calls) call.reject(error as Error);
    }
  }

  #addTokens(
    task: string,
    { rows, call, from }: { readonly rows: TokenRows; readonly call: Call; readonly from: number },
    { priority, dueAt }: Urgency,
  ): void {
    if (this.#gaveUp !== null) {
      this.backlog.leave(priority, rows.ends.length);
      call.reject(this.#gaveUp);
    } else this.backlog.addTokens(priority, task, { rows, call, from, ticket: this.#tickets++, dueAt });
  }

  #dispatch(): void {
    this.#inline.dispatch();
    this.crew.dispatch();
  }

  /** Partitions of one fetch ask in the same turn: their texts are run together. */
  #dispatchNextTurn(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    setImmediate(() => {
      this.#dispatching = false;
      this.#dispatch();
    });
  }

  #rowsFor(task: string, texts: number): Float32Array {
    return new Float32Array(this.manifests.get(task)!.labels.length * texts);
  }

  async #loadHere(task: string): Promise<void> {
    const loadable = this.#options.models.find(({ manifest }) => manifest.task === task)!;
    const model = await loadModel(loadable);
    if (!isTokenModel(model)) return;
    this.#light.set(task, model);
    this.costs.loadedHere(task);
  }

  #work(where: 'thread' | 'inline') {
    const set = this;
    return {
      next(idle: number): Job | null {
        const next = set.backlog.next(where, idle);
        if (next !== null) set.#priorities.set(next.job, next.priority);
        return next?.job ?? null;
      },
      get isWaiting(): boolean {
        return set.queuedTexts > 0;
      },
      ran: (job: Job, ms: number) => this.#ran(where, job, ms),
      lost: (error: Retryable) => this.backlog.rejectAll(error),
      idle: () => {
        if (this.#isIdle) this.#whenIdle?.();
      },
    };
  }

  #ran(where: 'thread' | 'inline', job: Job, ms: number): void {
    const { key, texts, units, tokens } = job.size;
    const padded = tokens === null ? null : units;
    const run = { where, texts, tokens, padded, ms, expectedMs: this.costs.of(key).expectedMs(units) };
    this.costs.observe(key, { units, ms });
    this.ledger.add(run);
    this.#options.observe({ ...run, key, priority: this.#priorities.get(job) ?? 'stream' });
    // A light model that became slow goes on in threads, and one that became light again here: whoever ran last has
    // nothing more to take, and nobody else would look.
    if (where === 'inline') this.crew.dispatch();
    else this.#inline.dispatch();
  }

  get #isIdle(): boolean {
    return this.queuedTexts === 0 && this.crew.isIdle && this.#inline.isIdle;
  }

  #giveUp(): void {
    this.#gaveUp = new Retryable('the inference engine is closed', { code: 'engine-closed' });
    this.backlog.rejectAll(this.#gaveUp);
    this.crew.giveUp(this.#gaveUp);
    if (this.#isIdle) this.#whenIdle?.();
  }
}
