// The cache port: bounded, with times to live. A cache that is down costs speed, never an answer: it misses.

export interface Cache {
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Buffer, ttlSeconds: number): Promise<void>;
  close(): Promise<void>;
}
