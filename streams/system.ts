// The running system: every configured stream over one open stack, the drift job beside them, drained together.

import { writeBaselines } from '../connectors/clickhouse/histograms.ts';
import type { Subscription } from '../connectors/log.ts';
import type { Trial } from '../processors/inference/arms.ts';
import type { Engine } from '../processors/inference/engine.ts';
import type { Asking, Predictor } from '../processors/inference/inference.ts';
import type { Input } from '../processors/inference/model.ts';
import { startAlerting } from './alerts/alerting.ts';
import { incidentOfStop, raise, resolveRunning } from './alerts.ts';
import { storesAnything } from './configuration/configuration.ts';
import { startDriftJob } from './drift-job.ts';
import { type Candidates, openCandidates } from './experiments/candidates.ts';
import { startExperiments } from './experiments/experiments.ts';
import { guarded } from './guarded-engine.ts';
import { Budget } from './loop/budget.ts';
import { Health } from './loop/health.ts';
import { countRuns, measured, reportLoad } from './measured-engine.ts';
import { type Ledger, openLedger } from './model-ledger.ts';
import { engineOf, modelStoreOf, servingReleases } from './models.ts';
import { loopObserver } from './observer.ts';
import { declareStreams } from './pipeline.ts';
import { placementFor } from './providers.ts';
import { watchReleases } from './release-watch.ts';
import { startTrainer } from './retraining/trainer.ts';
import { servingVersions } from './serving.ts';
import type { Stack } from './stack.ts';

/** Longest wait for models that run for nobody any more, in milliseconds. */
const engineCloseMs = 5_000;

export interface System {
  readonly names: readonly string[];
  /** Rejects with what stopped a stream; resolves after `close`. */
  readonly done: Promise<void>;
  /** What answers for the models; null where this process runs none. */
  readonly models: ServingModels | null;
  /** Why no work should be routed here now, for people: streams that make no progress. Empty when all go on. */
  reasons(): readonly string[];
  /** Stops fetching, finishes what is in hand, leaves the groups. The stack stays open. */
  close(): Promise<void>;
}

export interface SystemOptions {
  /** Whether the drift job looks at the clock’s windows by itself. */
  readonly driftByClock: boolean;
  /** Opens the models also where no stream needs them. */
  readonly forRequests?: boolean;
  /** Opens what answers for the models; tests put an engine here that fails in ways of their own. */
  readonly openEngine?: (stack: Stack, ledger: Ledger) => Promise<ServingEngine>;
}

/** The engine as a system needs it. */
export type ServingEngine = Predictor &
  Pick<Engine, 'close' | 'load' | 'manifests' | 'predictTokens' | 'swap'>;

/** The models as requests use them, counted and timed like those of the streams. */
export interface ServingModels {
  readonly predictor: Predictor & {
    predict(
      tasks: readonly string[],
      inputs: readonly Input[],
      asking?: Asking,
    ): ReturnType<Predictor['predict']>;
  };
  readonly manifests: () => ServingEngine['manifests'];
  /** What is on trial beside them. */
  readonly trials: () => readonly Trial[];
}

/** Starts what the configuration names; resolves when every stream has joined its group. */
export async function startSystem(stack: Stack, options: SystemOptions): Promise<System> {
  const { configuration, metrics, log } = stack;
  const wanted = configuration.streams;
  const infers = (['chain', 'inference', 'routes'] as const).some((name) => wanted.includes(name));
  const openEngine = options.openEngine ?? openServing;
  const isServing = infers || options.forRequests;
  const jobs = jobsOf(stack, options);
  // Who serves, and what is on trial, is known from it before the first message.
  const ledger = isServing || jobs.length > 0 ? await openLedger(stack) : null;
  const engine = isServing && ledger ? await openEngine(stack, ledger).catch(closing(ledger)) : null;
  const guard = engine && ledger && (await guarded(stack, engine).catch(closing(ledger)));
  const budget = new Budget(configuration.loop.inFlightBytesMax);
  const observer = loopObserver(stack, budget);
  const health = new Health(stack);
  const subscriptions: Subscription[] = [];
  const closers: (() => Promise<void>)[] = [];
  // Jobs alone are a system too: it runs until it is closed.
  let closed: () => void = () => {};
  const whenClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const close = async () => {
    for (const stop of closers.splice(0)) await stop();
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await health.close();
    await guard?.close();
    // Every stream has ended: what the engine still runs was abandoned by its stream.
    await Promise.all([candidates?.close(), engine?.close(engineCloseMs)]);
    await ledger?.close();
    closed();
  };
  let candidates: Candidates | null = null;
  try {
    if (engine && ledger) {
      closers.push(reportLoad(engine, metrics), watchReleases(stack, engine, ledger));
      candidates = await openCandidates(stack, ledger, engine);
    }
    const trials = () => candidates?.trials() ?? [];
    const predictor = guard && measured(guard.engine, metrics);
    const streams = declareStreams(stack, predictor, trials);
    const ends: Promise<void>[] = [];
    for (const stream of streams) {
      const { loop } = configuration;
      const subscription = await stream.start({ log, budget, observer, watch: health, ...loop });
      subscriptions.push(subscription);
      ends.push(toldOf(stack, stream.name, subscription.done));
    }
    closers.push(
      resolveRunning(
        stack,
        streams.map(({ name }) => name),
      ),
    );
    for (const start of ledger ? jobs : []) closers.push(await start(stack, ledger!));
    const done = Promise.all([...ends, whenClosed]).then(() => {});
    const models = engine && predictor && { predictor, manifests: () => engine.manifests, trials };
    return { names: streams.map(({ name }) => name), done, models, reasons: () => health.reasons, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type StartJob = (stack: Stack, ledger: Ledger) => Promise<() => Promise<void>>;

/** The jobs beside the streams that the configuration names. */
function jobsOf({ configuration }: Stack, { driftByClock }: SystemOptions): readonly StartJob[] {
  const wanted = configuration.streams;
  return [
    ...(driftByClock && wanted.includes('drift') ? [startDriftJob] : []),
    ...(wanted.includes('alerts') ? [startAlerting] : []),
    ...(wanted.includes('trainer') ? [startTrainer] : []),
    ...(wanted.includes('experiments') ? [startExperiments] : []),
  ];
}

/** Closes the ledger of a system that could not be opened. */
const closing =
  (ledger: Ledger) =>
  async (error: unknown): Promise<never> => {
    await ledger.close();
    throw error;
  };

/** The end of a stream, of which people are told before it goes on to whoever waits for it. */
function toldOf(stack: Stack, stream: string, done: Promise<void>): Promise<void> {
  const told = done.catch(async (error: unknown) => {
    const incident = incidentOfStop(stream, error);
    if (incident) await raise(stack, incident);
    throw error;
  });
  told.catch(() => {}); // another stream may fail to start before anyone waits for this one
  return told;
}

/** The serving models in threads, their frozen baselines in ClickHouse before any of their answers. */
export async function openServing(
  { clickhouse, configuration, metrics, logger }: Stack,
  ledger?: Ledger,
): Promise<Engine> {
  const decided = ledger ? await servingVersions(modelStoreOf(configuration), ledger.states) : {};
  const releases = await servingReleases(configuration, decided);
  // Drift is judged by what the sinks stored.
  if (storesAnything(configuration))
    await writeBaselines(
      clickhouse,
      releases.flatMap(({ baselines }) => baselines),
    );
  const placement = await placementFor(configuration.inference, releases, { logger, metrics });
  return engineOf(configuration, releases, { observe: countRuns(metrics), ...placement });
}
