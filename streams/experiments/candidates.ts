// The candidates of a process that infers: one for each experiment under way on a task that it answers, opened and closed
// as the ledger decides. What serves is never touched by it.
import { writeBaselines } from '../../connectors/clickhouse/histograms.ts';
import type { Experiment, TaskState } from '../../processors/experiments/task-state.ts';
import type { Trial } from '../../processors/inference/arms.ts';
import type { Engine } from '../../processors/inference/engine.ts';
import { Retryable } from '../../schemas/errors.ts';
import type { Ledger } from '../model-ledger.ts';
import { engineOf, modelStoreOf } from '../models.ts';
import type { Stack } from '../stack.ts';
import { Candidate } from './candidate.ts';

/** A candidate that could not be loaded because the world was unwell is tried again after so long. */
const retryMs = 5_000;

interface Opened {
  readonly task: string;
  readonly candidate: Candidate;
  readonly trial: Trial;
}

/** The part of an engine that says what serves now. */
type Serving = Pick<Engine, 'manifests'>;

/** Opens the candidates of all experiments under way; resolves when they answer, or have been found not to load. */
export async function openCandidates(stack: Stack, ledger: Ledger, engine: Serving): Promise<Candidates> {
  const candidates = new Candidates(stack, ledger, engine);
  await candidates.follow();
  return candidates;
}

export class Candidates {
  readonly #stack: Stack;
  readonly #ledger: Ledger;
  readonly #engine: Serving;
  readonly #opened = new Map<string, Opened>();
  #trials: readonly Trial[] = [];
  #changing: Promise<void> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #unlisten: () => void = () => {};
  #isClosed = false;

  constructor(stack: Stack, ledger: Ledger, engine: Serving) {
    this.#stack = stack;
    this.#ledger = ledger;
    this.#engine = engine;
  }

  /** What is on trial at this moment; asked before each batch. */
  trials(): readonly Trial[] {
    if (this.#trials.some((trial) => this.#isOver(trial))) {
      this.#list();
      this.#change();
    }
    return this.#trials;
  }

  async follow(): Promise<void> {
    this.#unlisten = this.#ledger.onDecision(({ task }, { event }) => {
      // Who was rolled back must not serve one message more.
      if (event === 'rolled-back' || event === 'promoted') this.#list();
      if (this.#serves(task)) this.#change();
    });
    this.#change();
    await this.#changing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unlisten();
    clearTimeout(this.#retry);
    await this.#changing;
    this.#trials = [];
    await Promise.all([...this.#opened.values()].map(({ candidate }) => candidate.close()));
  }

  #change(): void {
    this.#changing = this.#changing.then(() => this.#follow());
  }

  /** Makes what is open what the ledger says; never throws. */
  async #follow(): Promise<void> {
    if (this.#isClosed) return;
    for (const { task, experiments } of this.#ledger.states)
      for (const experiment of experiments)
        if (this.#serves(task) && !this.#opened.has(experiment.id)) await this.#open(task, experiment);
    this.#list();
    const listed = new Set(this.#trials.map(({ experiment }) => experiment));
    for (const [id, { task, candidate }] of this.#opened) {
      if (listed.has(id) || this.#underWay(task, id)) continue;
      this.#opened.delete(id);
      await candidate.close().catch(() => {});
    }
  }

  async #open(task: string, experiment: Experiment): Promise<void> {
    const { id, treatment: release } = experiment;
    const { logger, metrics, configuration } = this.#stack;
    const { lateMs } = configuration.experiments;
    const options = { task, release, lateMs, metrics, logger };
    try {
      const engine = await this.#load(release);
      this.#add(task, experiment, new Candidate({ ...options, engine }));
      logger.info({ task, release, experiment: id }, 'a candidate is on trial beside what serves');
    } catch (error) {
      if (error instanceof Retryable) {
        logger.warn({ err: error, task, release }, 'a candidate could not be loaded; trying again');
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#change(), retryMs);
        return;
      }
      logger.error({ err: error, task, release }, 'a candidate cannot be loaded: it answers nothing');
      this.#add(task, experiment, new Candidate({ ...options, engine: null }));
    }
  }

  /** An engine for it alone, in threads of its own; its baselines are stored before its first answer. */
  async #load(release: string): Promise<Engine> {
    const { configuration, clickhouse } = this.#stack;
    const loaded = await modelStoreOf(configuration).load(release);
    await writeBaselines(clickhouse, loaded.baselines);
    const { workers } = configuration.inference;
    return engineOf(configuration, [loaded], { workers: Math.ceil(workers / 2), inlineMsMax: 0 });
  }

  #add(task: string, { id, treatment, stage, share }: Experiment, candidate: Candidate): void {
    const trial = { task, experiment: id, treatment, stage, share, ask: candidate.ask.bind(candidate) };
    this.#opened.set(id, { task, candidate, trial });
  }

  /** Renews the list: stages and shares as the ledger has them now, without those that are over. */
  #list(): void {
    this.#trials = this.#ledger.states.flatMap((state) => this.#trialsOf(state));
  }

  /**
   * The trials of a task, in the order of the ledger: a key belongs to the first canary that takes it. One that is not open
   * yet keeps the canaries after it from taking its people, and a promoted one that does not serve everybody yet keeps all.
   */
  #trialsOf({ task, experiments }: TaskState): readonly Trial[] {
    const promoted = this.#trials.filter(
      (trial) => trial.task === task && !this.#underWay(task, trial.experiment) && !this.#isOver(trial),
    );
    if (promoted.length > 0) return promoted;
    let isHeldBack = false;
    return experiments.flatMap((experiment) => {
      const opened = this.#opened.get(experiment.id);
      const isCanary = experiment.stage === 'canary';
      if (isCanary && opened === undefined) isHeldBack = true;
      return opened === undefined || (isCanary && isHeldBack)
        ? []
        : [this.#trialOf(opened.trial, experiment)];
    });
  }

  #trialOf(trial: Trial, { stage, share, definition }: Experiment): Trial {
    return { ...trial, stage, share: stage === 'canary' ? share : Number(definition.shadowShare ?? 1) };
  }

  /**
   * Whether a trial has ended. One that ended by its promotion goes on until it serves: its people are not sent back to
   * the release before for the seconds in which it is loaded.
   */
  #isOver({ task, experiment, treatment }: Trial): boolean {
    if (this.#underWay(task, experiment)) return false;
    const { serving } = this.#ledger.state(task);
    return serving?.release !== treatment || this.#servedNow(task) === treatment;
  }

  #underWay(task: string, experiment: string): boolean {
    return this.#ledger.state(task).experiments.some(({ id }) => id === experiment);
  }

  #servedNow(task: string): string | undefined {
    return this.#engine.manifests.find((manifest) => manifest.task === task)?.release;
  }

  #serves(task: string): boolean {
    return this.#servedNow(task) !== undefined;
  }
}
