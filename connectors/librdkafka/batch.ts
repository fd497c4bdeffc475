// A fetched batch with what its handler may do: commit, heartbeat, ask for the committed position.
import type { Batch, Position, StoredRecord } from '../log.ts';
import type { Committer } from './committer.ts';
import type { Lane } from './lane.ts';

export interface BatchSurroundings {
  readonly committer: Committer;
  committed(lane: Lane): Promise<Position | null>;
  /** How old a proof of membership may be for a heartbeat to do without a new one. */
  readonly heartbeatMs: number;
}

export function librdkafkaBatch(
  lane: Lane,
  records: readonly StoredRecord[],
  end: number,
  { committer, committed, heartbeatMs }: BatchSurroundings,
): Batch {
  const { topic, partition, tenure } = lane;
  return {
    topic,
    partition,
    records,
    generation: tenure.generation,
    end,
    revoked: tenure.revoked,
    async committed() {
      const position = await committed(lane);
      // As the other client leaves it: what was between the committed place and the start of the log is lost.
      return position && lane.outOfRange ? { topic, partition, offset: -2, metadata: '' } : position;
    },
    commit: async (offset, metadata) => committer.commit(lane, offset, metadata),
    heartbeat: () => committer.prove(lane, heartbeatMs),
  };
}
