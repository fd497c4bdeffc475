// Whether anybody sees what canaries do: their figures can be read, and what is answered is stored.
import type { Experiment } from '../../processors/experiments/task-state.ts';
import type { Stack } from '../stack.ts';
import { storedSince } from './tally.ts';

/** What a look has found. */
interface Seen {
  /** Predictions in ClickHouse since the experiment began; null where that, or the figures, could not be read. */
  readonly stored: number | null;
  /** Predictions in the log; null where that could not be read. */
  readonly published: number | null;
}

interface Noted extends Seen {
  readonly at: number;
}

/** Of the canaries that this process looks at; in memory only: after a restart it begins anew. */
export class Sight {
  readonly #stack: Pick<Stack, 'clickhouse' | 'log' | 'now'>;
  readonly #last = new Map<string, Noted>();

  constructor(stack: Pick<Stack, 'clickhouse' | 'log' | 'now'>) {
    this.#stack = stack;
  }

  /** For how many milliseconds nothing has been seen of what is answered; 0 in a shadow, where nobody is served. */
  async blindMs(experiment: Experiment, { isRead }: { readonly isRead: boolean }): Promise<number> {
    const { id, stage } = experiment;
    if (stage === 'shadow') return 0;
    const { clickhouse, log, now } = this.#stack;
    const orNone = (counted: Promise<number>): Promise<number | null> => counted.catch(() => null);
    const [stored, published] = await Promise.all([
      isRead ? orNone(storedSince(clickhouse, experiment)) : null,
      orNone(log.ranges(['predictions']).then((ranges) => ranges.reduce((sum, { end }) => sum + end, 0))),
    ]);
    const at = now();
    const last = this.#last.get(id);
    const isStill = last?.stored === stored && isMore(published, last?.published ?? null);
    if (last !== undefined && (stored === null || isStill)) return at - last.at;
    this.#last.set(id, { stored, published, at });
    return 0;
  }

  /** Forgets experiments that have ended: all but these. */
  keepOnly(experiments: ReadonlySet<Experiment['id']>): void {
    for (const id of this.#last.keys()) if (!experiments.has(id)) this.#last.delete(id);
  }
}

const isMore = (now: number | null, before: number | null): boolean =>
  now !== null && before !== null && now > before;
