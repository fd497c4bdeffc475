// The handling of one batch, seen from outside: alive for as long as it takes, and over in bounded time once the
// partition is taken away. Work that does not end by then is abandoned: it gives back the bytes it holds, holds up no
// rebalance and no close, begins nothing more, and what it still tries to commit is `Fenced`.
import type { Batch } from '../../connectors/log.ts';
import { Fenced, Retryable } from '../../schemas/errors.ts';

export interface HandlingOptions {
  readonly sessionTimeoutMs: number;
  /** Called when the work did not end in time. */
  readonly abandoned: () => void;
}

export class Handling {
  readonly batch: Batch;
  readonly #options: HandlingOptions;
  readonly #held = new Set<() => void>();
  #over = false;

  constructor(batch: Batch, options: HandlingOptions) {
    this.batch = batch;
    this.#options = options;
  }

  /** Waits for the work with heartbeats beside it; rejects with `Fenced` when it outlives the partition too long. */
  async alive(work: Promise<void>): Promise<void> {
    const { sessionTimeoutMs, abandoned } = this.#options;
    const beat = setInterval(() => {
      // A failed heartbeat shows in the next commit, where it decides something.
      this.batch.heartbeat().catch(() => {});
    }, sessionTimeoutMs / 3);
    const tooLate = new Deadline(this.batch.revoked, sessionTimeoutMs / 2);
    try {
      if ((await Promise.race([work, tooLate.reached])) !== 'too late') return;
      abandoned();
      throw this.#lost();
    } finally {
      clearInterval(beat);
      tooLate.cancel();
    }
  }

  /** Throws `Fenced` when the partition is being taken away, or this handling is over. */
  mustGoOn(): void {
    if (this.#over || this.batch.revoked.aborted) throw this.#lost();
  }

  /**
   * Whether an error only says that the partition is no longer this member’s. Who is `Fenced` without having heard of
   * it (by a transaction’s next owner, say) hears of it within a session, or it is an error like any other.
   */
  async isLost(error: unknown): Promise<boolean> {
    const { revoked } = this.batch;
    if (error instanceof Retryable) return revoked.aborted;
    if (!(error instanceof Fenced)) return false;
    if (revoked.aborted) return true;
    const waiting = new Deadline(AbortSignal.abort(), this.#options.sessionTimeoutMs);
    const heard = new Deadline(revoked, 0);
    await this.alive(Promise.race([waiting.reached, heard.reached]).then(() => {})).catch(() => {});
    waiting.cancel();
    heard.cancel();
    return revoked.aborted;
  }

  /** Keeps what gives bytes back, for when the handling is over before that is called. */
  keep(giveBack: () => void): () => void {
    const release = () => {
      this.#held.delete(release);
      giveBack();
    };
    this.#held.add(release);
    if (this.#over) release();
    return release;
  }

  /** From here on nothing begins and nothing is held. */
  end(): void {
    this.#over = true;
    for (const release of [...this.#held]) release();
  }

  #lost(): Fenced {
    return new Fenced(`${this.batch.topic}/${this.batch.partition} is being taken away`);
  }
}

/** A moment, `afterMs` after a signal. */
class Deadline {
  readonly reached: Promise<'too late'>;
  readonly cancel: () => void;

  constructor(signal: AbortSignal, afterMs: number) {
    let timer: NodeJS.Timeout | undefined;
    let begin = () => {};
    this.reached = new Promise((resolve) => {
      begin = () => {
        timer = setTimeout(resolve, afterMs, 'too late' as const);
      };
      if (signal.aborted) begin();
      else signal.addEventListener('abort', begin, { once: true });
    });
    this.cancel = () => {
      signal.removeEventListener('abort', begin);
      clearTimeout(timer);
    };
  }
}
