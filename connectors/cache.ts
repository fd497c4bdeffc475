// The cache port: bounded, with times to live. A cache that is down costs speed, never an answer: it misses.

export interface Cache {
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer, ttlSeconds: number): Promise<void>;
  /** Lets go of what it holds in the memory of this process; goes on working. */
  shed(): void;
  close(): Promise<void>;
}
