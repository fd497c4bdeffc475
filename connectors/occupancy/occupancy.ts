// One process per data directory: the claim, and the commands that other processes send to who holds it.
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import { inTime } from '../in-time.ts';
import { type Claim, claimDirectory } from './claim.ts';
import type { Serve } from './command-io.ts';
import { serveConnection } from './serving.ts';

export interface Occupancy {
  /** Takes no more commands and ends the running ones; the directory stays ours. Call it before closing what they use. */
  drain(): Promise<void>;
  /** Drains, then gives the directory up. Call it last: another process may open the directory at once. */
  close(): Promise<void>;
}

const drainTimeoutMs = 3_000;

/**
 * Makes this process the only one that uses `directory`, creating it, and runs commands of others through `serve`.
 * Throws `Misconfigured`: code `directory-occupied` when another process has it, `directory-unusable` when it cannot
 * be written. A claim ends with the process, also with kill -9.
 */
export async function occupyDirectory(directory: string, serve: Serve): Promise<Occupancy> {
  const claim = await claimDirectory(directory);
  return new Owner(claim, serve);
}

class Owner implements Occupancy {
  readonly #claim: Claim;
  readonly #serve: Serve;
  readonly #since = new Date().toISOString();
  readonly #ending = new AbortController();
  readonly #conversations = new Map<Socket, Promise<void>>();

  constructor(claim: Claim, serve: Serve) {
    this.#claim = claim;
    this.#serve = serve;
    setMaxListeners(0, this.#ending.signal);
    claim.server.removeAllListeners('connection').on('connection', (socket) => {
      socket.on('error', () => {});
      this.#converse(socket);
    });
    for (const socket of claim.early) this.#converse(socket);
  }

  #converse(socket: Socket): void {
    const hello = { pid: process.pid, since: this.#since, closing: this.#ending.signal.aborted };
    const conversation = serveConnection(socket, this.#serve, { hello, ending: this.#ending.signal });
    this.#conversations.set(socket, conversation);
    void conversation.finally(() => this.#conversations.delete(socket));
  }

  async drain(): Promise<void> {
    this.#ending.abort();
    await inTime(Promise.all(this.#conversations.values()), drainTimeoutMs);
    for (const socket of this.#conversations.keys()) socket.destroy();
  }

  async close(): Promise<void> {
    await this.drain();
    await new Promise<void>((resolve) => this.#claim.server.close(() => resolve()));
  }
}
