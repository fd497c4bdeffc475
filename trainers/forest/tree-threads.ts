// Grows the trees of a forest, here or on several threads: the same trees in the same order either way.
import { Worker } from 'node:worker_threads';
import { type ForestWork, TreePlanter } from './random-forest.ts';
import type { Tree } from './tree.ts';
import type { GrownTrees } from './worker.ts';

/** Trees a thread is given at a time. */
const treesAtOnce = 2;

/** Somewhere trees are grown. */
export interface Nursery {
  /** Trees [first, last) in their order. Rejects with the signal’s reason when aborted. */
  grow(first: number, last: number): Promise<readonly Tree[]>;
  close(): Promise<void>;
}

/** Grows on this thread, yielding to the event loop between trees. */
export function ownThread(work: ForestWork, signal?: AbortSignal): Nursery {
  const planter = new TreePlanter(work);
  return {
    async grow(first, last) {
      const trees: Tree[] = [];
      for (let number = first; number < last; number++) {
        trees.push(planter.plant(number));
        await new Promise(setImmediate);
        signal?.throwIfAborted();
      }
      return trees;
    },
    async close() {},
  };
}

/** Starts threads, which share the binned data. */
export function otherThreads(work: ForestWork, threads: number, signal?: AbortSignal): Nursery {
  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(new URL('./worker-entry.mjs', import.meta.url), {
        workerData: { ...work, targets: shared(work.targets) },
        // The parent’s own `--import` flags would be resolved from the directory the process was started in.
        execArgv: [],
      }),
  );
  return {
    grow: (first, last) => growOn(workers, [first, last], signal),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function shared(targets: ForestWork['targets']): ForestWork['targets'] {
  const values = new Float64Array(new SharedArrayBuffer(targets.values.byteLength));
  values.set(targets.values);
  return { ...targets, values };
}

async function growOn(
  workers: readonly Worker[],
  [first, last]: readonly [number, number],
  signal?: AbortSignal,
): Promise<readonly Tree[]> {
  const trees: Tree[] = [];
  let next = first;
  await Promise.all(
    workers.map(async (worker) => {
      while (next < last) {
        const from = next;
        next = Math.min(last, next + treesAtOnce);
        const grown = await askThread(worker, { first: from, last: next }, signal);
        for (const [at, tree] of grown.trees.entries()) trees[grown.first - first + at] = tree;
      }
    }),
  );
  return trees;
}

function askThread(worker: Worker, wanted: object, signal?: AbortSignal): Promise<GrownTrees> {
  return new Promise((resolve, reject) => {
    const settle = (after: () => void) => {
      worker.off('message', answered).off('error', failed).off('exit', ended);
      signal?.removeEventListener('abort', aborted);
      after();
    };
    const answered = (grown: GrownTrees) => settle(() => resolve(grown));
    const failed = (error: Error) => settle(() => reject(error));
    const ended = (code: number) =>
      settle(() => reject(new Error(`a training thread ended with code ${code}`)));
    const aborted = () => settle(() => reject(signal?.reason));
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    worker.on('message', answered).on('error', failed).on('exit', ended);
    signal?.addEventListener('abort', aborted);
    worker.postMessage(wanted);
  });
}
