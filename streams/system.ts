// The running system: every configured stream over one open stack, the drift job beside them, drained together.

import { writeBaselines } from '../connectors/clickhouse/histograms.ts';
import type { Subscription } from '../connectors/log.ts';
import type { Engine } from '../processors/inference/engine.ts';
import type { Asking, Predictor } from '../processors/inference/inference.ts';
import type { Input } from '../processors/inference/model.ts';
import { startAlerting } from './alerts/alerting.ts';
import { incidentOfStop, raise } from './alerts.ts';
import { storesAnything } from './configuration/configuration.ts';
import { startDriftJob } from './drift-job.ts';
import { startExperiments } from './experiments/experiments.ts';
import { guarded } from './guarded-engine.ts';
import { Budget } from './loop/budget.ts';
import { Health } from './loop/health.ts';
import { countRuns, measured, reportLoad } from './measured-engine.ts';
import { openLedger } from './model-ledger.ts';
import { engineOf, servingReleases } from './models.ts';
import { loopObserver } from './observer.ts';
import { declareStreams } from './pipeline.ts';
import { placementFor } from './providers.ts';
import { watchReleases } from './release-watch.ts';
import { startTrainer } from './retraining/trainer.ts';
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
  readonly openEngine?: (stack: Stack) => Promise<ServingEngine>;
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
}

/** Starts what the configuration names; resolves when every stream has joined its group. */
export async function startSystem(stack: Stack, options: SystemOptions): Promise<System> {
  const { configuration, metrics, log } = stack;
  const wanted = configuration.streams;
  const infers = (['chain', 'inference', 'routes'] as const).some((name) => wanted.includes(name));
  const openEngine = options.openEngine ?? openServing;
  const engine = infers || options.forRequests ? await openEngine(stack) : null;
  const guard = engine && (await guarded(stack, engine));
  const budget = new Budget(configuration.loop.inFlightBytesMax);
  const observer = loopObserver(stack, budget);
  const health = new Health(stack);
  const subscriptions: Subscription[] = [];
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of closers.splice(0)) await stop();
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await health.close();
    await guard?.close();
    // Every stream has ended: what the engine still runs was abandoned by its stream.
    await engine?.close(engineCloseMs);
  };
  try {
    if (engine) closers.push(reportLoad(engine, metrics), watchReleases(stack, engine));
    const predictor = guard && measured(guard.engine, metrics);
    const streams = declareStreams(stack, predictor);
    const ends: Promise<void>[] = [];
    for (const stream of streams) {
      const { loop } = configuration;
      const subscription = await stream.start({ log, budget, observer, watch: health, ...loop });
      subscriptions.push(subscription);
      ends.push(toldOf(stack, stream.name, subscription.done));
    }
    closers.push(...(await startJobs(stack, options)));
    const done = Promise.all(ends).then(() => {});
    const models = engine && predictor && { predictor, manifests: () => engine.manifests };
    return { names: streams.map(({ name }) => name), done, models, reasons: () => health.reasons, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The jobs beside the streams, over one ledger of decisions; each ends with its function, the ledger last. */
async function startJobs(stack: Stack, { driftByClock }: SystemOptions): Promise<(() => Promise<void>)[]> {
  const wanted = stack.configuration.streams;
  const starts = [
    ...(driftByClock && wanted.includes('drift') ? [startDriftJob] : []),
    ...(wanted.includes('alerts') ? [startAlerting] : []),
    ...(wanted.includes('trainer') ? [startTrainer] : []),
    ...(wanted.includes('experiments') ? [startExperiments] : []),
  ];
  if (starts.length === 0) return [];
  const ledger = await openLedger(stack);
  const closers: (() => Promise<void>)[] = [];
  try {
    for (const start of starts) closers.push(await start(stack, ledger));
  } catch (error) {
    for (const close of [...closers, () => ledger.close()]) await close();
    throw error;
  }
  return [...closers, () => ledger.close()];
}

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
export async function openServing({ clickhouse, configuration, metrics, logger }: Stack): Promise<Engine> {
  const releases = await servingReleases(configuration);
  // Drift is judged by what the sinks stored.
  if (storesAnything(configuration))
    await writeBaselines(
      clickhouse,
      releases.flatMap(({ baselines }) => baselines),
    );
  const placement = await placementFor(configuration.inference, releases, { logger, metrics });
  return engineOf(configuration, releases, { observe: countRuns(metrics), ...placement });
}
