// A training thread: it runs the steps of its shards and brings its part of the table together when told.
import { parentPort, workerData } from 'node:worker_threads';
import { createRandom } from '../random.ts';
import type { FitOptions } from './fit.ts';
import { scheduleFactor } from './schedule.ts';
import { mergeOutput, mergeRows, type ShardMemory, viewOf } from './shard-memory.ts';
import { learn } from './step.ts';
import { stepOf } from './training-step.ts';

/** What a thread is started with. */
export interface ShardStart {
  readonly memory: ShardMemory;
  readonly options: Omit<FitOptions, 'signal' | 'onProgress' | 'onEpoch' | 'initial'>;
  readonly labelWeights: Float64Array | undefined;
  /** The shards this thread runs, one after the other. */
  readonly shards: readonly number[];
}

/** What a thread is told: rows [from, to) of the order for each of its shards, or rows of the table to merge. */
export type ShardTask =
  | {
      readonly kind: 'learn';
      readonly slices: readonly { readonly shard: number; readonly from: number; readonly to: number }[];
      /** Steps done by all shards before, and in the whole training. */
      readonly done: number;
      readonly total: number;
    }
  | { readonly kind: 'merge'; readonly from: number; readonly to: number; readonly withOutput: boolean };

function serve(port: NonNullable<typeof parentPort>, start: ShardStart): void {
  const { memory, options, labelWeights } = start;
  const steps = new Map(
    start.shards.map((shard) => {
      const { network, accumulators } = viewOf(memory, memory.copies[shard]!);
      const step = stepOf(network, accumulators, memory.corpus, options, labelWeights);
      return [shard, { step, random: createRandom((Math.imul(options.seed, 0x9e3779b1) + shard + 1) >>> 0) }];
    }),
  );
  port.on('message', (task: ShardTask) => {
    if (task.kind === 'merge') {
      mergeRows(memory, task.from, task.to);
      if (task.withOutput) mergeOutput(memory);
      port.postMessage(0);
      return;
    }
    let loss = 0;
    for (const { shard, from, to } of task.slices) {
      const { step, random } = steps.get(shard)!;
      for (let at = from; at < to; at++) {
        const done = task.done + (at - from) * memory.copies.length;
        const rate = options.learningRate * scheduleFactor(options.schedule, Math.min(1, done / task.total));
        loss += learn(step, memory.corpus, memory.order[at]!, rate, random);
      }
    }
    port.postMessage(loss);
  });
}

if (parentPort !== null) serve(parentPort, workerData as ShardStart);
