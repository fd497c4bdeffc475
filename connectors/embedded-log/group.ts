// A consumer group: its members and who of them owns which partition. A partition that changes hands is drained
// first: its batch is told (`revoked`), may finish and commit for as long as the session lasts, and only then the
// next owner begins. Partitions that stay where they are go on undisturbed.
import { Fenced } from '../../schemas/errors.ts';
import { assignPartitions, nameOf, type TopicPartition } from './assignment.ts';

/** One assignment of one partition to one member; another assignment is another object. */
export class Ownership {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly generation: number;
  readonly owner: GroupMember;
  readonly revoked = new AbortController();
  /** False as soon as somebody else may own the partition. */
  current = true;

  constructor(group: string, { topic, partition }: TopicPartition, generation: number, owner: GroupMember) {
    this.group = group;
    this.topic = topic;
    this.partition = partition;
    this.generation = generation;
    this.owner = owner;
  }

  /** Throws `Fenced` when the partition may belong to another member by now. */
  check(): void {
    if (!this.current)
      throw new Fenced(
        `partition ${nameOf(this.topic, this.partition)} was taken from this member of group ${this.group} (generation ${this.generation})`,
      );
  }
}

/** What the group asks of a member. */
export interface GroupMember {
  readonly topics: ReadonlySet<string>;
  /** Begin with the partition. */
  take(ownership: Ownership): void;
  /** Resolves when nothing runs on the partition, or when the member has had its time. */
  drain(ownership: Ownership): Promise<void>;
  /** Forget the partition. */
  drop(ownership: Ownership): void;
}

/** Who should own what, by the partition’s name. */
type Target = Map<string, { readonly place: TopicPartition; readonly member: GroupMember }>;

export class Group {
  readonly name: string;
  readonly #partitionsOf: (topics: ReadonlySet<string>) => readonly TopicPartition[];
  readonly #members: GroupMember[] = [];
  readonly #owned = new Map<string, Ownership>();
  #generation = 0;
  #settled: Promise<void> = Promise.resolve();
  #settling = false;
  #stale = false;

  /** `partitionsOf` lists the partitions of topics, in a fixed order. */
  constructor(name: string, partitionsOf: (topics: ReadonlySet<string>) => readonly TopicPartition[]) {
    this.name = name;
    this.#partitionsOf = partitionsOf;
  }

  join(member: GroupMember): void {
    this.#members.push(member);
    void this.#rebalance();
  }

  /** Resolves when the member’s partitions are drained and given away. */
  async leave(member: GroupMember): Promise<void> {
    if (!this.#remove(member)) return;
    await this.#rebalance();
  }

  /** Takes a silent member out without asking it: what it still runs is fenced at once. */
  evict(member: GroupMember): void {
    if (!this.#remove(member)) return;
    for (const ownership of this.#owned.values()) if (ownership.owner === member) this.#release(ownership);
    void this.#rebalance();
  }

  #remove(member: GroupMember): boolean {
    const place = this.#members.indexOf(member);
    if (place >= 0) this.#members.splice(place, 1);
    return place >= 0;
  }

  /** One rebalance at a time; changes during one are dealt with by another round of it. */
  #rebalance(): Promise<void> {
    this.#stale = true;
    if (!this.#settling) this.#settled = this.#settle();
    return this.#settled;
  }

  async #settle(): Promise<void> {
    this.#settling = true;
    while (this.#stale) {
      this.#stale = false;
      const target = this.#target();
      const moving = [...this.#owned].filter(([name, { owner }]) => target.get(name)?.member !== owner);
      if (moving.length > 0) {
        await Promise.all(moving.map(([, ownership]) => ownership.owner.drain(ownership)));
        for (const [, ownership] of moving) this.#release(ownership);
      }
      if (!this.#stale) this.#give(target);
    }
    this.#settling = false;
  }

  #target(): Target {
    const topics = new Set(this.#members.flatMap((member) => [...member.topics]));
    const places = this.#partitionsOf(topics);
    const assigned = assignPartitions(places, this.#members);
    return new Map(
      places.map((place) => {
        const name = nameOf(place.topic, place.partition);
        return [name, { place, member: assigned.get(name)! }];
      }),
    );
  }

  #release(ownership: Ownership): void {
    const name = nameOf(ownership.topic, ownership.partition);
    if (this.#owned.get(name) !== ownership) return;
    this.#owned.delete(name);
    ownership.revoked.abort();
    ownership.current = false;
    ownership.owner.drop(ownership);
  }

  #give(target: Target): void {
    for (const [name, { place, member }] of target) {
      if (this.#owned.has(name)) continue;
      const ownership = new Ownership(this.name, place, ++this.#generation, member);
      this.#owned.set(name, ownership);
      member.take(ownership);
    }
  }
}
