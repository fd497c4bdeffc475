// What a fault case and its worker say to each other over the channel between them.

/** A record on its way through the channel; the value in base64. */
export interface WireRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Order =
  | {
      readonly order: 'publish';
      readonly tag: number;
      readonly topic: string;
      readonly records: readonly WireRecord[];
    }
  | { readonly order: 'query'; readonly tag: number; readonly sql: string }
  | { readonly order: 'clock'; readonly shiftMs: number }
  | { readonly order: 'stop' };

export type Report =
  | { readonly report: 'ready' }
  | { readonly report: 'done'; readonly tag: number; readonly rows: readonly Record<string, unknown>[] }
  | { readonly report: 'failed'; readonly tag: number; readonly reason: string }
  | { readonly report: 'stopped'; readonly code: string; readonly reason: string };
