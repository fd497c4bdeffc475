// Who of a group’s members gets which partition: round robin over all partitions in order, past members that did not
// subscribe to the topic. The same members and topics always give the same answer.

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`;

/** The member for each partition that any of them wants. `partitions` and `members` are in a fixed order. */
export function assignPartitions<Member extends { readonly topics: ReadonlySet<string> }>(
  partitions: readonly TopicPartition[],
  members: readonly Member[],
): Map<string, Member> {
  const assigned = new Map<string, Member>();
  let turn = 0;
  for (const { topic, partition } of partitions) {
    for (let tries = 0; tries < members.length; tries++) {
      const member = members[turn++ % members.length]!;
      if (!member.topics.has(topic)) continue;
      assigned.set(nameOf(topic, partition), member);
      break;
    }
  }
  return assigned;
}
