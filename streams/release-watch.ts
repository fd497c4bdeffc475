// A running system takes over releases that were promoted or rolled back: at once where the ledger says so, and it looks
// into the store again and again.
import { writeBaselines } from '../connectors/clickhouse/histograms.ts';
import type { ModelStore } from '../connectors/model-store.ts';
import type { Engine } from '../processors/inference/engine.ts';
import type { ModelEvent } from '../schemas/model-event.ts';
import type { ModelRelease } from '../schemas/model-manifest.ts';
import type { Ledger } from './model-ledger.ts';
import { modelStoreOf } from './models.ts';
import { servingRelease } from './serving.ts';
import type { Stack } from './stack.ts';

type Swappable = Pick<Engine, 'manifests' | 'swap'>;

/** Looks left out at most after one that failed. */
const pausesMax = 6;

/** A task that another release serves now. */
interface Change {
  readonly task: string;
  readonly from: string;
  readonly to: string;
}

/** What a decision may have changed: who serves, or who is to while others are on trial. */
const changing: ReadonlySet<ModelEvent['event']> = new Set(['promoted', 'rolled-back', 'shadowed']);

/** Starts to look; what is returned ends that and waits for a swap that is under way. */
export function watchReleases(stack: Stack, engine: Swappable, ledger: Ledger): () => Promise<void> {
  const { configuration, logger, metrics } = stack;
  const { modelsRefreshMs } = configuration.inference;
  if (modelsRefreshMs === 0) return async () => {};
  const store = modelStoreOf(configuration);
  let looking: Promise<void> | null = null;
  // A release that cannot be loaded is tried less and less often: each try costs what loading costs.
  let failures = 0;
  let pauses = 0;
  let isAwaited = false;
  const look = async (): Promise<void> => {
    isAwaited = false;
    try {
      const changes = await takeOver(stack, store, engine, ledger);
      failures = 0;
      if (changes.length === 0) return;
      metrics.inferenceSwaps.add({ outcome: 'done' });
      logger.info({ changes }, 'other releases serve now');
    } catch (error) {
      failures++;
      pauses = Math.min(failures, pausesMax);
      metrics.inferenceSwaps.add({ outcome: 'failed' });
      logger.error({ err: error }, 'other releases could not be taken over; those before go on serving');
    }
    if (isAwaited) await look();
  };
  const start = () => {
    looking ??= look().finally(() => {
      looking = null;
    });
  };
  // What is decided while it looks is looked at after that.
  const unlisten = ledger.onDecision(({ task }, { event }) => {
    if (!changing.has(event) || !engine.manifests.some((manifest) => manifest.task === task)) return;
    isAwaited = true;
    start();
  });
  const timer = setInterval(() => {
    if (pauses > 0) pauses--;
    else start();
  }, modelsRefreshMs);
  return async () => {
    clearInterval(timer);
    unlisten();
    isAwaited = false;
    await looking;
  };
}

/**
 * Serves what the ledger, or else the store, says serves each task of the engine, and resolves to what changed. The new baselines are in
 * ClickHouse before the first answer. Throws what the store and the engine throw; then nothing changed.
 */
async function takeOver(
  { clickhouse }: Pick<Stack, 'clickhouse'>,
  store: ModelStore,
  engine: Swappable,
  ledger: Ledger,
): Promise<readonly Change[]> {
  const changes: Change[] = [];
  const { manifests } = engine;
  for (const { task, release: from } of manifests) {
    const to = await servingRelease(store, ledger.state(task));
    if (to !== from) changes.push({ task, from, to });
  }
  if (changes.length === 0) return changes;
  const releases: ModelRelease[] = [];
  // By the names just read: a task that moves meanwhile is the next look’s.
  for (const { task, release } of manifests)
    releases.push(await store.load(changes.find((change) => change.task === task)?.to ?? release));
  await writeBaselines(
    clickhouse,
    releases.flatMap(({ baselines }) => baselines),
  );
  await engine.swap(releases);
  return changes;
}
