// Grows trees in a thread of its own: takes tree numbers, answers trees.
import { parentPort, workerData } from 'node:worker_threads';
import { type ForestWork, TreePlanter } from './random-forest.ts';
import type { Tree } from './tree.ts';

/** Trees [first, last), grown. */
export interface GrownTrees {
  readonly first: number;
  readonly trees: readonly Tree[];
}

if (parentPort !== null) {
  const port = parentPort;
  const planter = new TreePlanter(workerData as ForestWork);
  port.on('message', ({ first, last }: { readonly first: number; readonly last: number }) => {
    const trees: Tree[] = [];
    for (let number = first; number < last; number++) trees.push(planter.plant(number));
    port.postMessage({ first, trees } satisfies GrownTrees);
  });
}
