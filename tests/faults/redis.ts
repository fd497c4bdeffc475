// A Redis of our own that can be killed, started anew and emptied.
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { kill, spawnProgram } from './children.ts';

export class Redis {
  readonly #port: number;
  #child: ChildProcess | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) return;
    const args = ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#child = spawnProgram('redis-server', args, { stdio: 'ignore' });
    for (let tries = 0; tries < 200; tries += 1) {
      if ((await this.#say('PING').catch(() => '')).startsWith('+PONG')) return;
      await sleep(50);
    }
    throw new Error('Redis does not answer; is redis-server installed?');
  }

  async kill(): Promise<void> {
    if (this.#child) await kill(this.#child);
  }

  async flush(): Promise<void> {
    await this.#say('FLUSHALL');
  }

  /** One command as a line of text, which Redis takes too. */
  #say(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, '127.0.0.1', () => socket.write(`${command}\r\n`));
      socket.once('data', (answer) => {
        socket.destroy();
        resolve(answer.toString());
      });
      socket.once('error', reject);
    });
  }
}
