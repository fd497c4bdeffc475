// What happens between two polls: seeks, pauses, the bound on what is buffered. Done only there, so that no record
// fetched before is taken for one fetched after.
import type { Consumer } from './consumer.ts';
import type { Lane } from './lane.ts';

/** So long a full partition holds up the polling before it is paused, which throws away what librdkafka fetched. */
const fullMs = 200;

export class Intake {
  readonly #consumer: Consumer;
  readonly #laneBytesMax: number;
  #work: {
    readonly run: () => void;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];
  #stopped = false;
  #onWake: (() => void) | undefined;

  constructor(consumer: Consumer, partitionBytesMax: number) {
    this.#consumer = consumer;
    this.#laneBytesMax = 2 * partitionBytesMax;
  }

  /** Runs `run` when no poll is going on; at once when there will be none any more. */
  betweenPolls(run: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#work.push({ run, resolve, reject });
      if (this.#stopped) this.#runWork();
      else this.wake();
    });
  }

  /** Something changed that the next `prepare` has to look at. */
  wake(): void {
    this.#consumer.wake();
    this.#onWake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#runWork();
  }

  async prepare(lanes: Iterable<Lane>, closing: boolean): Promise<void> {
    const all = [...lanes];
    this.#runWork();
    for (const lane of all) await this.#seek(lane);
    if (!closing) await this.#waitForRoom(all);
    this.#runWork();
    for (const lane of all) this.#apply(lane, closing);
  }

  #runWork(): void {
    for (const { run, resolve, reject } of this.#work.splice(0)) {
      try {
        run();
        resolve();
      } catch (error) {
        reject(error);
      }
    }
  }

  async #seek(lane: Lane): Promise<void> {
    const offset = lane.seekTo;
    if (offset === null || lane.tenure.revoked.aborted) return;
    const { topic, partition } = lane;
    const done = await this.#consumer.seek({ topic, partition }, offset).then(
      () => true,
      () => false, // fetching has not begun; tried again at the next poll
    );
    if (done && lane.seekTo === offset) lane.seekTo = null;
  }

  // Pausing is for handlers that are slow. Where they are just busy, waiting a moment costs nothing: everybody has
  // something to do. Where a partition has nothing, the full ones are paused for it at once.
  async #waitForRoom(lanes: readonly Lane[]): Promise<void> {
    const deadline = performance.now() + fullMs;
    while (performance.now() < deadline) {
      const full = lanes.some((lane) => lane.fetching && this.#isFull(lane));
      const hungry = lanes.some((lane) => lane.isEmpty && !lane.paused && !lane.running);
      if (!full || hungry || this.#work.length > 0) return;
      await this.#woken(deadline - performance.now());
    }
  }

  #woken(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#onWake = () => {
        clearTimeout(timer);
        this.#onWake = undefined;
        resolve();
      };
    });
  }

  #isFull(lane: Lane): boolean {
    return lane.bytes >= this.#laneBytesMax;
  }

  #apply(lane: Lane, closing: boolean): void {
    if (lane.tenure.revoked.aborted && !closing) return;
    // Once paused for being full, a partition is resumed when half of it is handled.
    const full = lane.fetching ? this.#isFull(lane) : lane.bytes > this.#laneBytesMax / 2;
    const fetching = !(closing || lane.paused || full);
    if (fetching === lane.fetching) return;
    const place = [{ topic: lane.topic, partition: lane.partition }];
    try {
      if (fetching) this.#consumer.native.resume(place);
      else this.#consumer.native.pause(place);
      lane.fetching = fetching;
    } catch {
      // The partition is on its way in or out; tried again at the next poll if it is still here then.
    }
  }
}
