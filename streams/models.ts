// Releases as the command line and the streams use them: the configured store, and engines over what is in it.
import { join, resolve } from 'node:path';
import { type ModelStore, openModelStore } from '../connectors/model-store.ts';
import { createEngine, type Engine, type EngineOptions } from '../processors/inference/engine.ts';
import { Misconfigured } from '../schemas/errors.ts';
import type { ModelRelease } from '../schemas/model-manifest.ts';
import type { CommandContext } from './commands/command.ts';
import type { Configuration } from './configuration/configuration.ts';
import { placementFor } from './providers.ts';

/** What says where models lie. */
type StoreSettings = Pick<Configuration, 'inference' | 's3' | 'dataDirectory'>;

/** The store that `inference.modelsDirectory` names: a folder or a bucket. Throws `Misconfigured`. */
export const modelStoreOf = ({ inference, s3, dataDirectory }: StoreSettings): ModelStore =>
  openModelStore(inference.modelsDirectory, {
    access: s3,
    cacheDirectory: join(dataDirectory, 'cache', 'models'),
  });

/** The store that `--out` names, a folder or a bucket; without it the configured one. */
export function storeFor(
  { configuration, workingDirectory }: Pick<CommandContext, 'configuration' | 'workingDirectory'>,
  { out }: { readonly out?: string },
): ModelStore {
  if (out === undefined) return modelStoreOf(configuration);
  const modelsDirectory = out.startsWith('s3://') ? out : resolve(workingDirectory, out);
  return modelStoreOf({ ...configuration, inference: { ...configuration.inference, modelsDirectory } });
}

/** Opens an engine over tasks (their serving releases) or releases by name, `task@version` or `task@champion`. */
export async function openEngine(configuration: StoreSettings, names: readonly string[]): Promise<Engine> {
  const store = modelStoreOf(configuration);
  const models: ModelRelease[] = [];
  for (const name of new Set(names)) models.push(await store.load(name));
  return engineOf(configuration, models);
}

/** An engine over releases that are loaded already. */
export async function engineOf(
  { inference }: Pick<Configuration, 'inference'>,
  models: readonly ModelRelease[],
  options: Partial<EngineOptions> = {},
): Promise<Engine> {
  const { workers, queueTextsMax } = inference;
  const placement = options.device ? {} : await placementFor(inference, models);
  const engine = await createEngine({ models, workers, queueTextsMax, ...placement, ...options });
  keepInHand(engine, models);
  return engine;
}

/** What engines have loaded; they hold it themselves, to start threads from. */
const inHand = new WeakMap<object, readonly ModelRelease[]>();

/** Notes what an engine runs now. */
export const keepInHand = (engine: object, models: readonly ModelRelease[]): void =>
  void inHand.set(engine, models);

/** The releases that an engine runs, as they were loaded: none of an engine that was opened elsewhere. */
export const releasesInHand = (engine: object): readonly ModelRelease[] => inHand.get(engine) ?? [];

/**
 * Releases that serve the tasks that this process's streams ask: the first that can be loaded of those that `decided`
 * names for a task, in their order, and then what the store says. Throws what loading the first one threw where none can
 * be. `watchReleases` tells of one that stands in for another.
 */
export async function servingReleases(
  configuration: Configuration,
  decided: Readonly<Record<string, readonly string[]>> = {},
): Promise<readonly ModelRelease[]> {
  const { streams, inference, routes } = configuration;
  const infers = streams.includes('chain') || streams.includes('inference');
  const tasks = [
    ...(infers || !streams.includes('routes') ? [...inference.commentTasks, ...inference.promptTasks] : []),
    ...(streams.includes('routes') ? routes.map(({ task }) => task) : []),
  ];
  const store = modelStoreOf(configuration);
  return Promise.all(
    [...new Set(tasks)].map((task) => firstLoadable(store, [...(decided[task] ?? []), task])),
  );
}

async function firstLoadable(
  store: Pick<ModelStore, 'load'>,
  [name, ...others]: readonly string[],
): Promise<ModelRelease> {
  try {
    return await store.load(name!);
  } catch (error) {
    // A store that does not answer has none of them.
    if (!(error instanceof Misconfigured) || others.length === 0) throw error;
    return firstLoadable(store, others).catch(() => {
      throw error;
    });
  }
}
