// Where output partitions end, as far as this process knows: never beyond their true ends. Fits in the metadata of a
// commit (4,096 bytes) up to some 500 partitions.
import type { Published } from './log.ts';

interface Gap {
  readonly from: Map<number, number>;
  readonly to: Map<number, number>;
}

export class Ends {
  readonly #byTopic = new Map<string, number[]>();

  set({
    topic,
    partition,
    end,
  }: {
    readonly topic: string;
    readonly partition: number;
    readonly end: number;
  }): void {
    const ends = this.#byTopic.get(topic) ?? [];
    while (ends.length <= partition) ends.push(0);
    ends[partition] = Math.max(ends[partition]!, end);
    this.#byTopic.set(topic, ends);
  }

  advance({ topic, partition, baseOffset, count }: Published): void {
    this.set({ topic, partition, end: baseOffset + count });
  }

  raise(other: Ends): void {
    for (const [topic, ends] of other.#byTopic)
      for (const [partition, end] of ends.entries()) this.set({ topic, partition, end });
  }

  copy(): Ends {
    const copy = new Ends();
    copy.raise(this);
    return copy;
  }

  /** Records between `earlier` and this. */
  distanceFrom(earlier: Ends): number {
    let distance = 0;
    for (const [topic, ends] of this.#byTopic)
      for (const [partition, end] of ends.entries())
        distance += end - (earlier.#byTopic.get(topic)?.[partition] ?? 0);
    return distance;
  }

  /** Per topic, the partitions that have grown until `later`. */
  gapsTo(later: Ends): Map<string, Gap> {
    const gaps = new Map<string, Gap>();
    for (const [topic, ends] of later.#byTopic) {
      const gap: Gap = { from: new Map(), to: new Map() };
      for (const [partition, end] of ends.entries()) {
        const start = this.#byTopic.get(topic)?.[partition] ?? 0;
        if (start >= end) continue;
        gap.from.set(partition, start);
        gap.to.set(partition, end);
      }
      if (gap.from.size > 0) gaps.set(topic, gap);
    }
    return gaps;
  }

  /** Compact text: `topic:36,1a;topic:…`, ends in base 36. */
  print(): string {
    return [...this.#byTopic]
      .map(([topic, ends]) => `${topic}:${ends.map((end) => end.toString(36)).join(',')}`)
      .join(';');
  }

  /** Null for text that `print` did not write, such as the empty metadata of an offset set by hand. */
  static parse(text: string): Ends | null {
    if (!/^[\w.-]+:[0-9a-z,]+(;[\w.-]+:[0-9a-z,]+)*$/.test(text)) return null;
    const ends = new Ends();
    for (const part of text.split(';')) {
      const [topic = '', list = ''] = part.split(':');
      for (const [partition, end] of list.split(',').entries())
        ends.set({ topic, partition, end: Number.parseInt(end, 36) });
    }
    return ends;
  }
}
