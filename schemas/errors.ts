// The errors the loop tells apart. Each is named for what the loop does with it; anything else is a bug and stops
// the process loudly.

/** What happened, for programs (`code`), for people (`message`) and for logs (`context`). */
export interface Circumstances {
  readonly code: string;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The world is unwell: back off, try the same work again, commit nothing. */
export class Retryable extends Error {
  override readonly name: string = 'Retryable';
  readonly code: string;
  readonly context: Readonly<Record<string, unknown>>;
  constructor(message: string, { code, context = {}, cause }: Circumstances) {
    super(message, { cause });
    this.code = code;
    this.context = context;
  }
}

/** A queue of ours is full: slow the source. */
export class Overloaded extends Retryable {
  override readonly name = 'Overloaded';
}

/** The partition belongs to another member now: drop what is in hand, its new owner will do it. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
  readonly code = 'fenced';
}

/** A person has to change something: configuration, a file, the machine. `fix` says what. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured';
  readonly code: string;
  readonly fix: string;
  constructor(message: string, { code, fix, cause }: { code: string; fix: string; cause?: unknown }) {
    super(message, { cause });
    this.code = code;
    this.fix = fix;
  }
}
