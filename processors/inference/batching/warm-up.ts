// First runs of a token model: they fill its caches, and say what it costs before any text does.
import type { TokenModel } from '../model.ts';
import { BatchMemory } from './batch-memory.ts';
import type { CostSample } from './cost.ts';

/** Rows and tokens of a row. The largest is a batch as they are run on a CPU. */
const shapes = [
  [1, 8],
  [1, 64],
  [16, 64],
] as const;
/** The first run of a shape also plans its memory; the fastest of so many counts. */
const repeats = 3;
/** A run that takes longer than this is not made again, in milliseconds. */
const slowMs = 200;

/** Runs padding through a model, a few milliseconds of it where the model is light. */
export async function warmUp(model: TokenModel): Promise<readonly CostSample[]> {
  const samples: CostSample[] = [];
  for (const [rows, widest] of shapes) {
    const width = Math.max(1, Math.min(widest, model.tokensMax));
    const size = { tokens: rows * width, rows, values: rows * model.manifest.labels.length };
    const memory = BatchMemory.of(size);
    for (let token = 0; token < size.tokens; token++) memory.idWords[2 * token] = model.padId;
    memory.lengths.fill(width);
    let ms = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const started = performance.now();
      await model.runPadded(memory.batch({ rows, width, typed: false }), memory.values);
      ms = Math.min(ms, performance.now() - started);
      if (ms > slowMs) break;
    }
    samples.push({ units: size.tokens, ms });
  }
  return samples;
}
