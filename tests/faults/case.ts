// A fault case: a name, what it does, where it applies, and the deed itself.
import type { Bench, Mode } from './bench.ts';

export interface FaultCase {
  readonly name: string;
  /** What happens and what is demanded, in one line for people. */
  readonly what: string;
  readonly modes: readonly Mode[];
  /** Modes in which it belongs to the short half. */
  readonly short: readonly Mode[];
  /** In embedded mode: ClickHouse in a process of its own, behind the proxy. */
  readonly withServer?: boolean;
  readonly withRegistry?: boolean;
  readonly withRedis?: boolean;
  /** In embedded mode: a data directory on a file system of this many MiB. */
  readonly diskMiB?: number;
  readonly act: (bench: Bench) => Promise<void>;
}

export const both: readonly Mode[] = ['kafka', 'embedded'];
export const neither: readonly Mode[] = [];
