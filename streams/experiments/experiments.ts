// The experiments job: takes each candidate through shadow and canary to its promotion or its rollback, keeps the model
// store’s aliases at what the ledger says, and renews the baselines of what was promoted. It holds nothing itself: a
// process that is killed anywhere goes on from the ledger, and of several that run the first one decides.
import { setTimeout as sleep } from 'node:timers/promises';
import { manifestOrNone } from '../../connectors/model-store/promotion.ts';
import type { ModelStore } from '../../connectors/model-store.ts';
import { usualRules } from '../../processors/experiments/decision.ts';
import { type Experiment, obstacle, type TaskState } from '../../processors/experiments/task-state.ts';
import type { Ledger } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { mirror, settle } from '../serving.ts';
import type { Stack } from '../stack.ts';
import { renewBaselines } from './baselines.ts';
import { definitionOf, experimentId, figuresOf } from './evidence.ts';
import { Sight } from './sight.ts';
import { endOf, nextStep, overWith, rulesOf, type Step } from './step.ts';
import { type Arms, type Tally, tallyOf } from './tally.ts';

const by = 'experiments';
/** A candidate that a person brought is left to his command for so long: what he declares belongs to the experiment. */
const byHandMs = 15_000;

/** Starts the job; what is returned stops it and waits for what is under way. */
export async function startExperiments(stack: Stack, ledger: Ledger): Promise<() => Promise<void>> {
  const job = new ExperimentsJob(stack, ledger);
  const running = job.run();
  return async () => {
    job.stop();
    await running;
  };
}

class ExperimentsJob {
  readonly #stack: Stack;
  readonly #ledger: Ledger;
  readonly #store: ModelStore;
  readonly #stopping = new AbortController();
  readonly #sight: Sight;
  #wake = new AbortController();

  constructor(stack: Stack, ledger: Ledger) {
    this.#stack = stack;
    this.#ledger = ledger;
    this.#store = modelStoreOf(stack.configuration);
    this.#sight = new Sight(stack);
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Looks every so often, and at once after a decision. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    const unlisten = this.#ledger.onDecision(() => this.#wake.abort());
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await this.#look();
      const woken = AbortSignal.any([signal, this.#wake.signal]);
      const { everyMs } = this.#stack.configuration.experiments;
      await sleep(everyMs, undefined, { signal: woken }).catch(() => {});
    }
    unlisten();
  }

  async #look(): Promise<void> {
    for (const { task } of this.#ledger.states) await this.#try(task, () => this.#lookAt(task));
    if (this.#stopping.signal.aborted) return;
    const underWay = this.#ledger.states.flatMap(({ experiments }) => experiments.map(({ id }) => id));
    this.#sight.keepOnly(new Set(underWay));
    await renewBaselines(this.#stack, this.#ledger).catch((error: unknown) =>
      this.#stack.logger.warn({ err: error }, 'baselines could not be renewed; trying again'),
    );
  }

  /** What fails is tried again at the next look, and keeps no other task or experiment from its own. */
  async #try(task: string, look: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    try {
      await look();
    } catch (error) {
      if (!signal.aborted)
        this.#stack.logger.error({ err: error, task }, 'the experiment could not be looked at; trying again');
    }
  }

  async #lookAt(task: string): Promise<void> {
    const { logger } = this.#stack;
    const before = this.#ledger.state(task);
    const isUnderWay = before.candidate || before.experiments.length > 0 || before.retraining?.startedAt;
    if (before.serving !== null || isUnderWay) await settle(this.#store, this.#ledger, task);
    await mirror(this.#store, this.#ledger, task, { logger });
    for (const { id } of this.#ledger.state(task).experiments)
      await this.#try(task, () => this.#step(this.#ledger.state(task), id));
    await this.#begin(this.#ledger.state(task));
  }

  async #begin(state: TaskState): Promise<void> {
    const { task, candidate, serving, frozen } = state;
    if (candidate === null || serving === null || frozen !== null) return;
    const { release, request } = candidate;
    const { configuration, now } = this.#stack;
    if (request === null && now() - candidate.at < byHandMs) return;
    // It waits until those before it leave room.
    if (obstacle(state, { treatment: release, share: configuration.experiments.canaryShare }) !== null)
      return;
    const id = experimentId(task, candidate);
    await this.#ledger.record({
      ...{ event: 'shadowed', task, release, request, experiment: id, by, of: id },
      reason: `It passed its gate: it answers what ${serving.release} answers, unseen.`,
      evidence: definitionOf(serving.release, candidate, {}, configuration.experiments, now()),
    });
  }

  async #step(state: TaskState, id: string): Promise<void> {
    const experiment = state.experiments.find((each) => each.id === id);
    // Another one was promoted in this look, and ended it.
    if (experiment === undefined) return;
    const { configuration, now } = this.#stack;
    const settings = configuration.experiments;
    const { commentTasks, promptTasks } = configuration.inference;
    const serving = state.serving?.release ?? experiment.control;
    const over = overWith({ experiment, serving }, [...commentTasks, ...promptTasks]);
    if (over !== null) return this.#end(experiment, over);
    const tally = await this.#tally(experiment);
    const blindMs = await this.#sight.blindMs(experiment, { isRead: !(tally instanceof Error) });
    if (blindMs >= settings.blindMs)
      return this.#end(experiment, `For ${Math.round(blindMs / 1_000)} s nobody saw what its canary did.`);
    if (tally instanceof Error) {
      if (now() < endOf(experiment, settings)) throw tally;
      return this.#end(experiment, 'Not shown to be better when it ended: its figures cannot be read.');
    }
    const look = { experiment, tally, serving, now: now() };
    const rules = rulesOf(settings, usualRules, state.experiments.length);
    const step = nextStep(look, rules, settings);
    // A person has stopped the loop: nothing goes forward, and what does harm is taken back all the same.
    if (step.event === null || (state.frozen !== null && step.event !== 'rolled-back')) return;
    const others = state.experiments.filter((each) => each !== experiment);
    await this.#record(experiment, step.event, step.reason, {
      ...this.#evidence(step, tally, experiment),
      alpha: String(rules.alpha),
      ...(others.length > 0 ? { others: others.map(({ treatment }) => treatment).join(', ') } : {}),
    });
  }

  /** Ends an experiment without its figures; the control stays. */
  #end(experiment: Experiment, reason: string): Promise<void> {
    return this.#record(experiment, 'rolled-back', reason, { decision: 'KEEP_CONTROL' });
  }

  async #record(
    { id, treatment, request }: Experiment,
    event: 'canaried' | 'promoted' | 'rolled-back',
    reason: string,
    evidence: Readonly<Record<string, string>>,
  ): Promise<void> {
    const [task = ''] = treatment.split('@');
    const { counted } = await this.#ledger.record({
      ...{ event, task, release: treatment, request, experiment: id, by, of: id },
      ...{ reason, evidence },
    });
    if (counted) this.#stack.logger.info({ task, release: treatment, experiment: id, reason }, event);
  }

  /** Its figures, or why they cannot be read. */
  async #tally(experiment: Experiment): Promise<Tally | Error> {
    try {
      return await tallyOf(this.#stack.clickhouse, experiment, await this.#arms(experiment));
    } catch (error) {
      return error as Error;
    }
  }

  #evidence(step: Step, tally: Tally, { control, share }: Experiment): Readonly<Record<string, string>> {
    return {
      ...figuresOf(step, tally),
      ...(step.event === 'canaried' ? { share: String(share) } : {}),
      ...(step.event === 'promoted' ? { previous: control } : {}),
    };
  }

  /** A release that somebody deleted is looked at all the same: it answers nothing, and is turned back for that. */
  async #arms({ control, treatment }: Experiment): Promise<Arms> {
    const arm = async (release: string): Promise<Arms['control']> =>
      (await manifestOrNone(this.#store, release)) ?? {
        ...{ task: release.split('@')[0]!, release, activation: 'softmax' },
      };
    return { control: await arm(control), treatment: await arm(treatment) };
  }
}
