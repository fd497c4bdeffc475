// A running system takes over releases that were promoted or rolled back: at once where the ledger says so, and it looks
// into the store again and again. Each task for itself: one whose release cannot be loaded keeps the others from nothing.
import { writeBaselines } from '../connectors/clickhouse/histograms.ts';
import type { ModelStore } from '../connectors/model-store.ts';
import type { Engine } from '../processors/inference/engine.ts';
import type { ModelEvent } from '../schemas/model-event.ts';
import type { ModelRelease } from '../schemas/model-manifest.ts';
import type { Ledger } from './model-ledger.ts';
import { keepInHand, modelStoreOf, releasesInHand } from './models.ts';
import { servingRelease } from './serving.ts';
import type { Stack } from './stack.ts';

type Swappable = Pick<Engine, 'manifests' | 'swap'>;

/** Looks left out at most after a release that failed. */
const pausesMax = 6;

/** A task that another release serves now. */
interface Change {
  readonly task: string;
  readonly from: string;
  readonly to: string;
}

/** A change whose release lies ready. */
interface Loaded extends Change {
  readonly release: ModelRelease;
}

/** What a decision may have changed: who serves, or who is to while others are on trial. */
const changing: ReadonlySet<ModelEvent['event']> = new Set(['promoted', 'rolled-back', 'shadowed']);

/** Starts to look; what is returned ends that and waits for a swap that is under way. */
export function watchReleases(
  stack: WatchPorts,
  engine: Swappable,
  ledger: Pick<Ledger, 'state' | 'onDecision'>,
): () => Promise<void> {
  const { modelsRefreshMs } = stack.configuration.inference;
  const watch = new ReleaseWatch(stack, engine, ledger);
  let looking: Promise<void> | null = null;
  let isAwaited = false;
  const look = async (): Promise<void> => {
    isAwaited = false;
    await watch.look();
    if (isAwaited) await look();
  };
  const start = () => {
    looking ??= look().finally(() => {
      looking = null;
    });
  };
  // One that stands in for a release that could not be loaded is told of now.
  if (
    engine.manifests.some(({ task, release }) => (ledger.state(task).serving?.release ?? release) !== release)
  )
    start();
  if (modelsRefreshMs === 0) return async () => void (await looking);
  // What is decided while it looks is looked at after that.
  const unlisten = ledger.onDecision(({ task }, { event }) => {
    if (!changing.has(event) || !engine.manifests.some((manifest) => manifest.task === task)) return;
    isAwaited = true;
    start();
  });
  const timer = setInterval(start, modelsRefreshMs);
  return async () => {
    clearInterval(timer);
    unlisten();
    isAwaited = false;
    await looking;
  };
}

type WatchPorts = Pick<Stack, 'configuration' | 'logger' | 'metrics' | 'clickhouse'>;

class ReleaseWatch {
  readonly #stack: WatchPorts;
  readonly #engine: Swappable;
  readonly #ledger: Pick<Ledger, 'state'>;
  readonly #store: ModelStore;
  /** Changes that failed, how often, and the looks until the next try: each costs what loading costs. */
  readonly #failed = new Map<string, { readonly times: number; readonly pauses: number }>();

  constructor(stack: WatchPorts, engine: Swappable, ledger: Pick<Ledger, 'state'>) {
    this.#stack = stack;
    this.#engine = engine;
    this.#ledger = ledger;
    this.#store = modelStoreOf(stack.configuration);
  }

  /** Serves what the ledger, or else the store, says serves each task of the engine. Never throws. */
  async look(): Promise<void> {
    const loaded: Loaded[] = [];
    for (const { task, release } of this.#engine.manifests) {
      const change = await this.#load(task, release);
      if (change !== null) loaded.push(change);
    }
    if (loaded.length === 0 || (await this.#swap(loaded, loaded.length > 1))) return;
    // One of them does not run: each by itself.
    if (loaded.length > 1) for (const each of loaded) await this.#swap([each], false);
  }

  /** The release that is to serve a task instead, its baselines stored before its first answer; null where none is. */
  async #load(task: string, from: string): Promise<Loaded | null> {
    let to: string | null = null;
    try {
      to = await servingRelease(this.#store, this.#ledger.state(task));
      if (to === from) {
        this.#failed.delete(task);
        return null;
      }
      if (this.#isPaused(`${task} ${to}`)) return null;
      const release = await this.#store.load(to);
      await writeBaselines(this.#stack.clickhouse, release.baselines);
      return { task, from, to, release };
    } catch (error) {
      this.#fail(error, { task, from, to: to ?? 'unknown' });
      return null;
    }
  }

  /** Whether it is done; what goes on serving is not loaded again. */
  async #swap(loaded: readonly Loaded[], isTriedAgain: boolean): Promise<boolean> {
    const engine = this.#engine;
    try {
      const held = [...loaded.map(({ release }) => release), ...releasesInHand(engine)];
      const releases: ModelRelease[] = [];
      for (const { task, release } of engine.manifests) {
        const name = loaded.find((change) => change.task === task)?.to ?? release;
        releases.push(
          held.find(({ manifest }) => manifest.release === name) ?? (await this.#store.load(name)),
        );
      }
      await engine.swap(releases);
      keepInHand(engine, releases);
    } catch (error) {
      if (!isTriedAgain) for (const change of loaded) this.#fail(error, change);
      return false;
    }
    const { metrics, logger } = this.#stack;
    for (const { task, to } of loaded) this.#failed.delete(`${task} ${to}`);
    metrics.inferenceSwaps.add({ outcome: 'done' });
    const changes = loaded.map(({ task, from, to }): Change => ({ task, from, to }));
    logger.info({ changes }, 'other releases serve now');
    return true;
  }

  #isPaused(change: string): boolean {
    const failed = this.#failed.get(change);
    if (failed === undefined || failed.pauses === 0) return false;
    this.#failed.set(change, { ...failed, pauses: failed.pauses - 1 });
    return true;
  }

  #fail(error: unknown, { task, from, to }: Change): void {
    const { metrics, logger } = this.#stack;
    const times = (this.#failed.get(`${task} ${to}`)?.times ?? 0) + 1;
    this.#failed.set(`${task} ${to}`, { times, pauses: Math.min(times, pausesMax) });
    metrics.inferenceSwaps.add({ outcome: 'failed' });
    logger.error(
      { err: error, task, release: to, serving: from },
      'another release was to serve and could not be taken over; the one before goes on serving',
    );
  }
}
