// Runs light token models where their data is, on the calling thread: for those a thread costs more than it helps.
import type { TokenModel } from '../model.ts';
import { type BatchExtent, BatchMemory, type MemorySize } from './batch-memory.ts';
import type { Runner, TextRun } from './job.ts';

export class InlineRunner implements Runner {
  readonly #models: ReadonlyMap<string, TokenModel>;
  #memory: BatchMemory | null = null;

  constructor(models: ReadonlyMap<string, TokenModel>) {
    this.#models = models;
  }

  runTexts(): Promise<TextRun> {
    return Promise.reject(new Error('models that read texts run in threads'));
  }

  memory(size: MemorySize): BatchMemory {
    this.#memory = this.#memory?.grownTo(size) ?? BatchMemory.of(size);
    return this.#memory;
  }

  async runPadded(
    task: string,
    memory: BatchMemory,
    extent: BatchExtent,
  ): Promise<{ readonly memory: BatchMemory; readonly ms: number }> {
    // ONNX Runtime begins in a `setImmediate` of its own, right after this one: what the loop does until then is no cost
    // of the model, and on a busy loop it is most of the time.
    let started = performance.now();
    setImmediate(() => {
      started = performance.now();
    });
    await this.#models.get(task)!.runPadded(memory.batch(extent), memory.values);
    return { memory, ms: performance.now() - started };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#models.values()].map((model) => model.close()));
  }
}
