// What the embedded log can be told, and the values it uses when it is told nothing.

/** What opening a log had to cut off a partition’s last segment. */
export interface Recovery {
  readonly file: string;
  /** Bytes of whole, valid batches that stayed. */
  readonly keptBytes: number;
  /** Bytes of a torn write that went. */
  readonly droppedBytes: number;
}

export interface EmbeddedLogOptions {
  readonly directory: string;
  /**
   * Waits for the disk on every publish and commit. Without it both survive the death of the process, not that of
   * the machine. Default false.
   */
  readonly fsync?: boolean;
  /** A segment is closed before it exceeds this. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /** For topics that name none, in milliseconds since a segment’s last append. Default 7 days. */
  readonly retentionMs?: number;
  /** Bytes a partition may keep; the active segment always stays. Default unlimited. */
  readonly retentionBytes?: number;
  /** How long a compacted topic keeps the deletion of a key, in milliseconds. Default 24 hours. */
  readonly tombstoneRetentionMs?: number;
  /** Distinct keys one compaction pass holds in memory. Default 1,000,000. */
  readonly compactionKeysMax?: number;
  /** Milliseconds since 1970, for retention. Default `Date.now`. */
  readonly clock?: () => number;
  /** Told of every torn write that opening cut off. */
  readonly onRecovery?: (recovery: Recovery) => void;
  /** Told when retention or compaction of a partition (`topic/number`) failed. Nothing is lost by it. */
  readonly onCleaningFailure?: (partition: string, error: unknown) => void;
}

export type Settings = Required<EmbeddedLogOptions>;

export const settingsOf = (options: EmbeddedLogOptions): Settings => ({
  fsync: false,
  segmentBytesMax: 67_108_864,
  retentionMs: 604_800_000,
  retentionBytes: Number.POSITIVE_INFINITY,
  tombstoneRetentionMs: 86_400_000,
  compactionKeysMax: 1_000_000,
  clock: Date.now,
  onRecovery: () => {},
  onCleaningFailure: () => {},
  ...options,
});

/** Size at which a publish is cut into a further batch: what a reader with a small limit has to decode at most. */
export const batchBytesMax = 262_144;
/** Largest record of a topic that names no limit: Kafka’s own default. */
export const recordBytesMaxDefault = 1_048_588;
/** Kafka’s `offset.metadata.max.bytes`. */
export const metadataBytesMax = 4_096;
