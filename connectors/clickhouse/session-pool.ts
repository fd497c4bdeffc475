// Sessions of chdb, each used by one statement at a time: a session runs its statements one after the other anyway,
// and every waiting one would hold a thread of libuv, of which there are four.
import type { Session } from 'chdb';

export class SessionPool {
  readonly #sessions: readonly Session[];
  readonly #idle: Session[];
  readonly #waiting: ((session: Session) => void)[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
    this.#idle = [...sessions];
  }

  /** Runs `work` with a session of its own, in order of arrival. */
  async run<T>(work: (session: Session) => Promise<T>): Promise<T> {
    if (this.#closed)
      throw new Error('The embedded ClickHouse is closed: nothing may be asked of it any more');
    const running = this.#take(work);
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

  async #take<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session =
      this.#idle.pop() ?? (await new Promise<Session>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(session);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(session);
      else this.#idle.push(session);
    }
  }
}
