// Leases: a message that was handed out to be labelled is not handed to a second labeller for a while. They lie in the
// cache, which several processes share where there is a Redis; of two that ask in the same instant both may get it, and
// the second label is then a second vote.
import type { Cache } from '../../connectors/cache.ts';

/** Holder of a message that was dealt with; no labeller is called so. */
const settled = '';

/** A message as it is handed out: two tenants may have given theirs one id. */
export interface Leased {
  readonly tenant: string;
  readonly task: string;
  readonly messageId: string;
}

export class Leases {
  /** Within this process one look and one taking follow each other undisturbed. */
  static #turn: Promise<unknown> = Promise.resolve();
  readonly #cache: Pick<Cache, 'get' | 'set'>;
  readonly #ttlSeconds: number;

  constructor(cache: Pick<Cache, 'get' | 'set'>, leaseMs: number) {
    this.#cache = cache;
    this.#ttlSeconds = leaseMs / 1_000;
  }

  /** Whether the message is the labeller’s now; false where another has it, or where it is dealt with. */
  take(message: Leased, labeller: string): Promise<boolean> {
    const taken = Leases.#turn.then(() => this.#take(keyOf(message), labeller));
    Leases.#turn = taken.catch(() => {});
    return taken;
  }

  async #take(key: string, labeller: string): Promise<boolean> {
    const holder = (await this.#cache.get(key))?.toString('utf8') ?? null;
    if (holder !== null) return holder === labeller;
    await this.#cache.set(key, Buffer.from(labeller), this.#ttlSeconds);
    return true;
  }

  /** The message was labelled or skipped: it is handed to nobody, while its label is on its way. */
  async settle(message: Leased): Promise<void> {
    await this.#cache.set(keyOf(message), Buffer.from(settled), this.#ttlSeconds);
  }
}

const keyOf = ({ tenant, task, messageId }: Leased): string =>
  `label-lease/${JSON.stringify([tenant, task, messageId])}`;
