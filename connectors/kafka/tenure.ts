// The time between two joins of a consumer group, in which a member owns the partitions it was given.
import { setMaxListeners } from 'node:events';
import { Fenced } from '../../schemas/errors.ts';

export class Tenure {
  readonly generation: number;
  readonly #revoking = new AbortController();
  #over = false;

  constructor(generation: number) {
    this.generation = generation;
    setMaxListeners(0, this.#revoking.signal); // every running handler listens
  }

  /** Aborted from when the end is in sight; commits are still accepted then. */
  get revoked(): AbortSignal {
    return this.#revoking.signal;
  }

  /** Tells handlers to finish or give up: the group rebalances or the subscription closes. */
  revoke(why: string): void {
    this.#revoking.abort(new Fenced(why));
  }

  /** From here on nothing is committed under this tenure. */
  end(): void {
    this.revoke('The partitions were given out anew.');
    this.#over = true;
  }

  /** Throws `Fenced` when the tenure is over. */
  check(): void {
    if (this.#over) throw new Fenced('The partition was given out anew since this batch was fetched.');
  }
}
