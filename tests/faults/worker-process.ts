// A worker as the fault cases hold it: started, spoken to, stopped, killed, and how it ended.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOf, forkModule, kill } from './children.ts';
import type { EngineFault } from './engine-faults.ts';
import type { FailOrder } from './fail-points.ts';
import type { Report, WireRecord } from './worker-channel.ts';

export interface WorkerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is to kill or stop itself. */
  readonly order?: FailOrder;
  readonly engine?: EngineFault;
}

type Rows = readonly Record<string, unknown>[];
type Waiting = { resolve(rows: Rows): void; reject(error: Error): void };

const startMs = 120_000;
const stopMs = 60_000;

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly log: string;
  readonly #waiting = new Map<number, Waiting>();
  #tags = 0;
  #ready = false;
  /** Why the streams stopped by themselves, when they did. */
  stopped: { readonly code: string; readonly reason: string } | null = null;
  readonly ended: Promise<void>;

  constructor(log: string, { env, order, engine }: WorkerOptions) {
    this.log = log;
    this.#child = forkModule(new URL('worker.ts', import.meta.url), [], {
      log,
      env: {
        PATH: process.env.PATH ?? '',
        ...env,
        FAULTS_ORDER: JSON.stringify(order ?? null),
        FAULTS_ENGINE: engine ?? 'none',
      },
    });
    this.#child.on('message', (report) => this.#hear(report as Report));
    this.ended = exitOf(this.#child).then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the worker is gone'));
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  get signal(): NodeJS.Signals | null {
    return this.#child.signalCode;
  }

  get alive(): boolean {
    return this.exitCode === null && this.signal === null;
  }

  /** Resolves when its streams run. Throws when it ends before; a worker with a kill order may do that. */
  async ready(): Promise<void> {
    const until = Date.now() + startMs;
    while (!this.#ready) {
      if (!this.alive) throw new Error(`the worker ended before its streams ran (${this.how()})`);
      if (Date.now() > until) throw new Error(`the worker was not ready after ${startMs / 1_000} s`);
      await sleep(50);
    }
  }

  how(): string {
    const ended = this.signal ?? `exit code ${this.exitCode}`;
    return `${ended}${this.stopped ? `, ${this.stopped.code}` : ''}; ${this.log}`;
  }

  /** Publishes through the worker's own log. Rejects when it cannot, or when the worker dies before it said so. */
  async publish(topic: string, records: readonly WireRecord[]): Promise<void> {
    await this.#ask((tag) => ({ order: 'publish', tag, topic, records }));
  }

  query(sql: string): Promise<Rows> {
    return this.#ask((tag) => ({ order: 'query', tag, sql }));
  }

  shiftClock(shiftMs: number): void {
    this.#child.send({ order: 'clock', shiftMs });
  }

  /** Whether the process is stopped by SIGSTOP. */
  get isPaused(): boolean {
    try {
      return /^State:\s+T/m.test(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Lets it finish and leave; kills it when that takes too long, and says so by throwing. */
  async stop(): Promise<void> {
    if (!this.alive) return;
    this.#child.kill('SIGTERM');
    const gone = await Promise.race([this.ended.then(() => true), sleep(stopMs, false, { ref: false })]);
    if (gone) return;
    await kill(this.#child);
    throw new Error(`the worker did not end within ${stopMs / 1_000} s of SIGTERM (${this.log})`);
  }

  async kill(): Promise<void> {
    await kill(this.#child);
  }

  #ask(order: (tag: number) => object): Promise<Rows> {
    const tag = ++this.#tags;
    return new Promise((resolve, reject) => {
      if (!this.alive || !this.#ready) return reject(new Error('the worker does not run'));
      this.#waiting.set(tag, { resolve, reject });
      this.#child.send(order(tag));
    });
  }

  #hear(report: Report): void {
    if (report.report === 'ready') this.#ready = true;
    else if (report.report === 'stopped') this.stopped = report;
    else {
      const waiting = this.#waiting.get(report.tag);
      this.#waiting.delete(report.tag);
      if (report.report === 'done') waiting?.resolve(report.rows);
      else waiting?.reject(new Error(report.reason));
    }
  }
}
