// Sessions of chdb, each used by one statement at a time: a session runs its statements one after the other anyway,
// and every waiting one would hold a thread of libuv, of which there are four.
import type { Session } from 'chdb';

/** So often in a row urgent work goes first; then other work has a turn, before its deadline is near. */
const overtakenMax = 4;

type Waiting = (session: Session) => void;

export class SessionPool {
  readonly #sessions: readonly Session[];
  readonly #idle: Session[];
  readonly #urgent: Waiting[] = [];
  readonly #waiting: Waiting[] = [];
  /** Urgent work that went before other work since that had its turn last. */
  #overtaken = 0;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
    this.#idle = [...sessions];
  }

  /** Runs `work` with a session of its own, in order of arrival; urgent work before other work. */
  async run<T>(work: (session: Session) => Promise<T>, urgent = false): Promise<T> {
    if (this.#closed)
      throw new Error('The embedded ClickHouse is closed: nothing may be asked of it any more');
    const running = this.#take(work, urgent);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Takes no more work, waits for what runs or waits, then closes every session. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([...this.#running]);
    for (const session of this.#sessions) session.close();
  }

  async #take<T>(work: (session: Session) => Promise<T>, urgent: boolean): Promise<T> {
    const queue = urgent ? this.#urgent : this.#waiting;
    const session = this.#idle.pop() ?? (await new Promise<Session>((resolve) => queue.push(resolve)));
    try {
      return await work(session);
    } finally {
      const next = this.#next();
      if (next) next(session);
      else this.#idle.push(session);
    }
  }

  #next(): Waiting | undefined {
    if (this.#waiting.length === 0) return this.#urgent.shift();
    if (this.#urgent.length > 0 && this.#overtaken < overtakenMax) {
      this.#overtaken += 1;
      return this.#urgent.shift();
    }
    this.#overtaken = 0;
    return this.#waiting.shift();
  }
}
