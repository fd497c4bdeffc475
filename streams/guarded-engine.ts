// An engine with what keeps it fast and answering: kept answers before it, substitutes beside it, and its size moved
// with what the machine has.
import { openMemoryCache } from '../connectors/cache/memory.ts';
import type { Engine } from '../processors/inference/engine.ts';
import { type Answering, cached } from './answer-cache.ts';
import { withFallback } from './fallback.ts';
import { type Tunable, watchResources } from './resources.ts';
import type { Stack } from './stack.ts';
import { openSubstitutes } from './substitutes.ts';

/** Answers of streams that a process keeps: some ten seconds of a busy one. */
const ofStreams = { entriesMax: 100_000, bytesMax: 67_108_864 };

type Guardable = Answering &
  Pick<Engine, 'predictTokens' | 'load' | 'close'> &
  Partial<Pick<Tunable, 'setTokenBudget' | 'resize'>>;

export interface GuardedEngine {
  readonly engine: Answering & Pick<Engine, 'predictTokens'>;
  close(): Promise<void>;
}

/**
 * Puts the configured guards around an engine, which stays the caller’s to close unless they cannot be had. Tokens go by all but the last: a
 * route hands them on by the thousand and has nothing to fall back to. Throws what `openSubstitutes` throws.
 */
export async function guarded(stack: Stack, engine: Guardable): Promise<GuardedEngine> {
  const { configuration, metrics, logger, cache } = stack;
  const { answerCache } = configuration.inference;
  const local = answerCache === 'all' ? openMemoryCache(ofStreams) : null;
  const keeping =
    answerCache === 'off' ? engine : cached(engine, { shared: cache, ...(local && { local }), metrics });
  const substitutes = await openSubstitutes(configuration).catch(async (error: unknown) => {
    await engine.close(0);
    throw error;
  });
  const answering = withFallback(keeping, { substitutes: substitutes.byTask, metrics, logger });
  const stopWatching = watch(stack, engine, [() => cache.shed(), () => local?.shed()]);
  return {
    engine: {
      get manifests() {
        return engine.manifests;
      },
      predict: (...args) => answering.predict(...args),
      predictTokens: (...args) => engine.predictTokens(...args),
    },
    async close() {
      await stopWatching();
      await Promise.all([substitutes.close(), local?.close()]);
    },
  };
}

function watch(
  { configuration, metrics, logger }: Stack,
  engine: Guardable,
  shedding: readonly (() => void)[],
): () => Promise<void> {
  const tunable: Tunable = {
    get load() {
      return engine.load;
    },
    setTokenBudget: (tokens) => engine.setTokenBudget?.(tokens),
    resize: (workers) => engine.resize?.(workers),
  };
  const sizesWorkers = configuration.origins['inference.workers'] === 'default';
  return watchResources({ engine: tunable, sizesWorkers, shedding, logger, metrics });
}
