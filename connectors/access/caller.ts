// Who a request is from, or the refusal it gets.

/** What a caller may do: send texts for answers, read metrics and reasons, change how the system runs. */
export const scopes = ['analyze', 'read', 'admin'] as const;
export type Scope = (typeof scopes)[number];

export interface Caller {
  readonly kind: 'key' | 'token' | 'local' | 'anyone';
  /** Name for logs and limits: `key:<id>`, `token:<issuer>|<subject>`, `local`, `anyone`. */
  readonly id: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Requests a second; null for callers without a limit. */
  readonly ratePerSecond: number | null;
}

/** Why a request is not answered. `code` is stable; the text is for people and names no secret. */
export class Denial {
  readonly status: 401 | 403 | 413 | 429 | 503;
  readonly code: string;
  readonly detail: string;
  readonly retryAfterSeconds: number | null;
  constructor(
    status: Denial['status'],
    code: string,
    detail: string,
    retryAfterSeconds: number | null = null,
  ) {
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
