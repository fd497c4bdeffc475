// Finds partitions whose next offset the log no longer holds: retention has removed it, or the topic is another one.
// librdkafka is told to stop such a partition instead of skipping what is missing, and says so through an error that
// does not name it, and that is lost when it arrives behind records: so idle partitions are looked at now and then.
import type { Assignment } from './assignment.ts';
import type { Lane } from './lane.ts';
import type { Topics } from './topics.ts';

const everyMs = 10_000;

export class RangeWatch {
  readonly #topics: Topics;
  readonly #assignment: Assignment;
  #last = performance.now();
  #looking = false;

  constructor(topics: Topics, assignment: Assignment) {
    this.#topics = topics;
    this.#assignment = assignment;
  }

  /** Looks, when it is time to; a failure is left to the next look. */
  async look(when: 'now' | 'when it is time' = 'when it is time'): Promise<void> {
    if (this.#looking || (when !== 'now' && performance.now() - this.#last < everyMs)) return;
    this.#looking = true;
    try {
      const still = [...this.#assignment.lanes].filter((lane) => this.#isStill(lane, when));
      const ranges = await this.#topics.rangesOf(still.map(({ topic, partition }) => ({ topic, partition })));
      for (const { topic, partition, start, end } of ranges) {
        const lane = still.find((one) => one.topic === topic && one.partition === partition);
        const next = lane?.seekTo ?? lane?.next ?? start;
        if (lane && (next < start || next > end)) await this.#assignment.restart(lane, start);
      }
    } catch {
      // The brokers are away, or a topic is: whoever looks next finds out.
    } finally {
      this.#last = performance.now();
      this.#looking = false;
    }
  }

  #isStill(lane: Lane, when: 'now' | 'when it is time'): boolean {
    const moved = lane.moved;
    lane.moved = false;
    return lane.next !== null && lane.isEmpty && (when === 'now' || !(moved || lane.paused));
  }
}
