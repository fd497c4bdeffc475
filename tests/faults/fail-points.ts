// Places in the worker's work where it can be told to kill or to stop itself. They are proxies around the ports, so
// that the product carries no trace of them.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { Batch, Log, TransactionalPublisher } from '../../connectors/log.ts';
import type { ServingEngine } from '../../streams/system.ts';

export type FailPoint =
  | 'after-poll'
  | 'during-inference'
  | 'before-publish'
  | 'before-insert'
  | 'after-insert'
  | 'after-commit'
  | 'during-dead-letter';

/** At the `pass`th time that the point is passed, the process kills or stops itself there. */
export interface FailOrder {
  readonly point: FailPoint;
  readonly pass: number;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

export class FailPoints {
  readonly #order: FailOrder | null;
  #passes = 0;

  constructor(order: FailOrder | null) {
    this.#order = order;
  }

  /** Whether this point is the one that matters. */
  waitsFor(point: FailPoint): boolean {
    return this.#order?.point === point;
  }

  pass(point: FailPoint): void {
    if (this.#order?.point !== point) return;
    this.#passes += 1;
    if (this.#passes === this.#order.pass) process.kill(process.pid, this.#order.signal);
  }

  log(log: Log): Log {
    return overriding(log, {
      subscribe: (options, handler) =>
        log.subscribe(options, (batch) => {
          this.pass('after-poll');
          return handler(this.#batch(batch));
        }),
      publish: async (batches) => {
        this.pass('before-publish');
        const publishing = log.publish(batches);
        if (!batches.some(({ topic }) => topic === 'dead-letters')) return publishing;
        // A moment later the request is on its way, or there already: both are worth a death.
        if (this.waitsFor('during-dead-letter'))
          setTimeout(() => this.pass('during-dead-letter'), Math.random() * 4);
        return publishing;
      },
      ...(log.transactional ? { transactional: (id: string) => this.#transactional(log, id) } : {}),
    });
  }

  async #transactional(log: Log, id: string): Promise<TransactionalPublisher> {
    const publisher = await log.transactional!(id);
    return overriding(publisher, {
      publish: (batches, position) => {
        this.pass('before-publish');
        return publisher.publish(batches, position);
      },
    });
  }

  clickhouse(clickhouse: Clickhouse): Clickhouse {
    return overriding(clickhouse, {
      insert: async (insert) => {
        this.pass('before-insert');
        await clickhouse.insert(insert);
        this.pass('after-insert');
      },
    });
  }

  engine(engine: ServingEngine): ServingEngine {
    return overriding(engine, {
      predict: (tasks, texts) => {
        const answering = engine.predict(tasks, texts);
        // The texts are with the inference thread by then.
        if (this.waitsFor('during-inference')) setImmediate(() => this.pass('during-inference'));
        return answering;
      },
    });
  }

  #batch(batch: Batch): Batch {
    return overriding(batch, {
      commit: async (offset, metadata) => {
        await batch.commit(offset, metadata);
        this.pass('after-commit');
      },
    });
  }
}

/** The same object with some of its members replaced, whatever else it is or will be given. */
export function overriding<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const own = Reflect.get(members, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
