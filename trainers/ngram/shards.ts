// Fits a network in several threads: the rows go to a fixed number of shards, each of which takes steps on a copy of
// the weights, and after every round the copies are brought together (local SGD: Stich 2019, arXiv:1805.09767). What
// comes out depends on the number of shards, never on that of threads.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createRandom, shuffle } from '../random.ts';
import type { Corpus } from './corpus.ts';
import type { FitOptions } from './fit.ts';
import { labelWeightsOf } from './loss.ts';
import type { Network, NetworkShape } from './network.ts';
import { createMemory, viewOf } from './shard-memory.ts';
import type { ShardStart, ShardTask } from './shard-worker.ts';
import { beginning } from './training-step.ts';

export interface ShardOptions extends FitOptions {
  /** Copies of the weights that are trained side by side. */
  readonly shards: number;
  /** Threads; by default one for each core, and no more than there are shards. */
  readonly threads?: number;
}

/** Rows that each shard learns from between two agreements: fewer cost time, more cost quality. */
const roundRows = 1_000;

/** Trains a network as `fit` does, in several threads. Throws what a thread threw, and the signal's reason. */
export async function fitInShards(
  shape: NetworkShape,
  corpus: Corpus,
  options: ShardOptions,
): Promise<Network> {
  const { shards, epochs, onProgress, onEpoch, signal, initial, ...rest } = options;
  const random = createRandom(options.seed);
  const memory = createMemory(beginning(shape, initial, random), corpus, shards);
  const labelWeights = labelWeightsOf(corpus, shape.labels.length, options.labelPower ?? 0);
  const threads = Math.max(1, Math.min(shards, options.threads ?? availableParallelism()));
  const crew = Array.from({ length: threads }, (_, thread) => {
    const own = Array.from({ length: shards }, (_, shard) => shard).filter(
      (shard) => shard % threads === thread,
    );
    return new ShardThread({ memory, options: { ...rest, epochs }, labelWeights, shards: own });
  });
  const { network } = viewOf(memory, memory.agreed);
  const tableRows = network.table.length / network.dimensions;
  const total = epochs * corpus.size;
  let done = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      shuffle(memory.order, random);
      for (let from = 0; from < corpus.size; from += shards * roundRows) {
        const to = Math.min(corpus.size, from + shards * roundRows);
        const losses = await Promise.all(
          crew.map((thread) => thread.do(learning(thread.shards, shards, from, to, done, total))),
        );
        await Promise.all(crew.map((thread, at) => thread.do(merging(at, threads, tableRows))));
        done += to - from;
        onProgress?.(done / total, losses.reduce((sum, loss) => sum + loss, 0) / (to - from));
        signal?.throwIfAborted();
      }
      if (onEpoch?.(epoch + 1, network) === 'stop') break;
    }
  } finally {
    await Promise.all(crew.map((thread) => thread.stop()));
  }
  return network;
}

/** The rows [from, to) in as many slices as there are shards; a thread gets those of its shards. */
function learning(
  own: readonly number[],
  shards: number,
  from: number,
  to: number,
  done: number,
  total: number,
): ShardTask {
  const cut = (shard: number) => from + Math.floor(((to - from) * shard) / shards);
  return {
    kind: 'learn',
    slices: own.map((shard) => ({ shard, from: cut(shard), to: cut(shard + 1) })),
    done,
    total,
  };
}

const merging = (thread: number, threads: number, rows: number): ShardTask => ({
  kind: 'merge',
  from: Math.floor((rows * thread) / threads),
  to: Math.floor((rows * (thread + 1)) / threads),
  withOutput: thread === 0,
});

/** One training thread: it does one task after another. */
class ShardThread {
  readonly shards: readonly number[];
  readonly #worker: Worker;
  #failure: Error | undefined;
  #settle: { resolve(loss: number): void; reject(error: Error): void } | undefined;

  constructor(start: ShardStart) {
    this.shards = start.shards;
    this.#worker = new Worker(new URL('./shard-entry.mjs', import.meta.url), { workerData: start });
    this.#worker.on('message', (loss: number) => this.#settle?.resolve(loss));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('a training thread ended')));
  }

  /** The summed loss of the task's steps. */
  do(task: ShardTask): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#settle = { resolve, reject };
      this.#worker.postMessage(task);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }
}
