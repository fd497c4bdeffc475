// ClickHouse in a process of its own, on a directory and a port that stay, with a proxy in front of it.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkModule, kill } from './children.ts';
import { HttpProxy } from './http-proxy.ts';

const module = new URL('../connectors/clickhouse/server.ts', import.meta.url);
const authorization = `Basic ${Buffer.from('tester:secret').toString('base64')}`;
const startMs = 90_000;

export class ClickhouseServer {
  readonly #directory: string;
  readonly #port: number;
  #child: ChildProcess | null = null;
  /** What workers are given as their ClickHouse. */
  readonly proxy: HttpProxy;

  /** Takes `port` for itself and the next one for its proxy. */
  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
    this.proxy = new HttpProxy({ port: port + 1, target: port });
  }

  get env(): Record<string, string> {
    return {
      CLICKHOUSE_URL: this.proxy.url,
      CLICKHOUSE_USER: 'tester',
      CLICKHOUSE_PASSWORD: 'secret',
    };
  }

  /** Starts it, without its proxy, and waits until it answers. */
  async start(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true });
    const args = ['--directory', this.#directory, '--port', String(this.#port)];
    this.#child = forkModule(module, args, { log: join(this.#directory, 'server.log') });
    for (const until = Date.now() + startMs; ; await sleep(50)) {
      if (this.#child.exitCode !== null)
        throw new Error(`ClickHouse ended: see ${this.#directory}/server.log`);
      if (Date.now() > until) throw new Error('ClickHouse does not answer');
      if (
        await this.query('SELECT 1').then(
          () => true,
          () => false,
        )
      )
        return;
    }
  }

  async kill(): Promise<void> {
    if (this.#child) await kill(this.#child);
  }

  /** Lets it close its data. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.disconnect();
    for (let waited = 0; child.exitCode === null && waited < 15_000; waited += 50) await sleep(50);
    await kill(child);
  }

  /** Asks the server itself, past the proxy. */
  async query<Row>(sql: string): Promise<readonly Row[]> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/?default_format=JSONEachRow`, {
      method: 'POST',
      body: sql,
      headers: { authorization },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.slice(0, 500));
    const lines = text.trimEnd();
    return lines === '' ? [] : (JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as Row[]);
  }
}
