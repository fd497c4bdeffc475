// The bench of one case: its folder, ClickHouse, injector and workers; what the case does to them; and at the end,
// once everything has come to rest, the verdict.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from './broker.ts';
import { chargesOf, judge, type Verdict } from './checker.ts';
import { ClickhouseServer } from './clickhouse-server.ts';
import { faultsHeader, gather } from './evidence.ts';
import { Injector, type Publish, type Recipe, readLedger } from './injector.ts';
import type { Redis } from './redis.ts';
import { type WorkerOptions, WorkerProcess } from './worker-process.ts';

export type Mode = 'kafka' | 'embedded';

export interface BenchOptions {
  readonly mode: Mode;
  readonly short: boolean;
  /** Folder of this case alone. */
  readonly folder: string;
  readonly ports: number;
  /** Null in embedded mode. */
  readonly broker: Broker | null;
  readonly redis: Redis | null;
  readonly texts: readonly string[];
  readonly perSecond: number;
  /** The embedded log with ClickHouse in a process of its own. */
  readonly withServer: boolean;
  readonly withRegistry: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Result {
  readonly verdict: Verdict;
  readonly recoverySeconds: number | null;
  readonly charges: readonly string[];
  readonly notes: readonly string[];
}

/** What a stream promises about going on after a fault. */
const recoverySecondsMax = 30;
const giveUpSeconds = 90;
const calmMs = 2_000;

/** Messages that have come to their end, comments, and predictions that are not stored though their scores are. */
const arrivals = [
  '(SELECT uniqExact(messageId) FROM scores) + (SELECT uniqExact(fromPartition, fromOffset) FROM dead_letters)',
  '(SELECT count() FROM comments)',
  'greatest(0, toInt64((SELECT count() FROM scores)) - toInt64((SELECT count() FROM predictions)))',
];

export class Bench {
  readonly options: BenchOptions;
  readonly clickhouse: ClickhouseServer;
  readonly dataDirectory: string;
  readonly notes: string[] = [];
  readonly #problems: string[] = [];
  readonly #workers: WorkerProcess[] = [];
  readonly #closers: (() => Promise<void>)[] = [];
  readonly ledger: string;
  #injector: Injector | null = null;
  #recoverySeconds: number | null = null;
  /** Settings that every worker of the case gets. */
  env: Readonly<Record<string, string>> = {};
  /** Repeats that the documentation allows here: a zombie’s last chunk. */
  repeatsMax = 0;
  /** Messages that the case deleted from the log before they were read. */
  readonly deleted = new Set<string>();

  constructor(options: BenchOptions) {
    this.options = options;
    this.dataDirectory = join(options.folder, 'data');
    this.ledger = join(options.folder, 'ledger.jsonl');
    mkdirSync(this.dataDirectory, { recursive: true });
    this.clickhouse = new ClickhouseServer(
      this.#hasServer ? join(options.folder, 'clickhouse') : join(this.dataDirectory, 'clickhouse'),
      options.ports + 3,
    );
  }

  get mode(): Mode {
    return this.options.mode;
  }

  get #hasServer(): boolean {
    return this.mode === 'kafka' || this.options.withServer;
  }

  get broker(): Broker {
    if (!this.options.broker) throw new Error('there is no broker in embedded mode');
    return this.options.broker;
  }

  get redis(): Redis {
    if (!this.options.redis) throw new Error('this case asked for no Redis');
    return this.options.redis;
  }

  /** A number of seconds, fewer in the short half. */
  span(seconds: number, short: number): number {
    return this.options.short ? short : seconds;
  }

  async open(): Promise<void> {
    if (!this.#hasServer) return;
    await this.clickhouse.start();
    await this.clickhouse.proxy.listen();
  }

  /** Starts a worker and, unless it is to die before, waits until its streams run. */
  async startWorker(options: WorkerOptions = {}, wait = true): Promise<WorkerProcess> {
    const log = join(this.options.folder, `worker-${this.#workers.length + 1}.log`);
    const worker = new WorkerProcess(log, { ...options, env: { ...this.#workerEnv(), ...options.env } });
    this.#workers.push(worker);
    if (wait) await worker.ready();
    return worker;
  }

  #workerEnv(): Record<string, string> {
    const { broker, withRegistry } = this.options;
    return {
      MILLRACE_DATA_DIRECTORY: this.dataDirectory,
      MILLRACE_COMMENT_TASKS: 'toxicity',
      MILLRACE_PROMPT_TASKS: 'prompt-intent',
      MILLRACE_INFERENCE_WORKERS: '1',
      MILLRACE_LOG_FORMAT: 'json',
      ...(broker
        ? { KAFKA_BROKERS: broker.address, KAFKA_SESSION_TIMEOUT_MS: '6000' }
        : { KAFKA_PARTITIONS: '2' }),
      ...(broker && withRegistry ? { SCHEMA_REGISTRY_URL: broker.registryUrl } : {}),
      ...(this.#hasServer ? this.clickhouse.env : {}),
      ...(this.options.redis ? { REDIS_URL: this.options.redis.url } : {}),
      ...this.env,
    };
  }

  get lastWorker(): WorkerProcess {
    return this.#workers.at(-1)!;
  }

  get worker(): WorkerProcess {
    const worker = this.#workers.findLast(({ alive }) => alive);
    if (!worker) throw new Error('no worker runs');
    return worker;
  }

  /** Begins to publish, at a constant rate until the case ends. */
  inject(recipe: Recipe = {}): Injector {
    const { texts, perSecond } = this.options;
    const run = `f${Date.now().toString(36)}`;
    this.#injector = new Injector({
      publish: this.#publish(),
      ledger: this.ledger,
      run,
      perSecond,
      texts,
      ...recipe,
    });
    this.#injector.start();
    return this.#injector;
  }

  #publish(): Publish {
    const { broker } = this.options;
    if (broker) {
      const publisher = broker.publisher();
      this.#closers.push(publisher.close);
      return publisher.publish;
    }
    return (messages) =>
      this.worker.publish(
        'comments',
        messages.map(({ id, key, kind, value }) => ({
          key,
          value: value.toString('base64'),
          headers: { [faultsHeader]: `${kind}:${id}` },
        })),
      );
  }

  async wait(seconds: number): Promise<void> {
    await sleep(seconds * 1_000, undefined, { signal: this.options.signal });
  }

  /** Waits for a condition; what did not come is a problem of the case, not an error. */
  async until(what: string, seconds: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    for (const end = Date.now() + seconds * 1_000; Date.now() < end; await this.wait(0.1))
      if (await holds()) return true;
    this.expect(false, `${what} did not come within ${seconds} s`);
    return false;
  }

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.#problems.push(otherwise);
  }

  /** Rows of the two tables that end a comment’s journey; null while nobody answers. */
  async finished(): Promise<number | null> {
    return this.count('(SELECT count() FROM scores) + (SELECT count() FROM dead_letters)');
  }

  /** Called when the fault is over: measures how long it takes until rows grow again. */
  async recover(): Promise<void> {
    const started = performance.now();
    let before: number | null = null;
    for (;;) {
      const now = await this.finished();
      before ??= now;
      const seconds = (performance.now() - started) / 1_000;
      if (now !== null && before !== null && now > before) return this.#recovered(seconds);
      const dead = !this.#workers.some(({ alive }) => alive);
      if (dead || seconds > giveUpSeconds) {
        const why = dead ? ` (no worker lives: ${this.#workers.at(-1)?.how()})` : '';
        this.expect(false, `nothing was stored within ${Math.round(seconds)} s after the fault${why}`);
        return this.#recovered(seconds);
      }
      await this.wait(0.1);
    }
  }

  #recovered(seconds: number): void {
    const rounded = Math.round(seconds * 10) / 10;
    this.#recoverySeconds = Math.max(this.#recoverySeconds ?? 0, rounded);
    this.options.say(`progress after ${rounded} s`);
  }

  /** A number that ClickHouse says; null while it does not answer. */
  async count(expression: string): Promise<number | null> {
    const sql = `SELECT toUInt32(${expression}) AS n`;
    try {
      const rows = this.#hasServer ? await this.clickhouse.query(sql) : await this.worker.query(sql);
      return Number((rows[0] as { n: number }).n);
    } catch {
      return null;
    }
  }

  /** Ends publishing, waits until all that was acknowledged has arrived and nothing moves, stops, and judges. */
  async finish(): Promise<Result> {
    await this.#injector?.stop();
    await this.#rest();
    for (const worker of this.#workers) {
      const wasAlive = worker.alive;
      await worker.stop().catch((error: unknown) => this.expect(false, String(error)));
      if (wasAlive) this.expect(worker.exitCode === 0, `a worker did not end in peace: ${worker.how()}`);
    }
    if (!this.#hasServer) await this.clickhouse.start();
    const { broker, withRegistry } = this.options;
    const evidence = await gather({
      ledger: this.ledger,
      clickhouse: this.clickhouse,
      broker: broker?.address ?? null,
      registryUrl: broker && withRegistry ? broker.registryUrl : null,
      dataDirectory: this.dataDirectory,
      deleted: this.deleted,
    });
    const verdict = judge(evidence);
    const late = this.#recoverySeconds !== null && this.#recoverySeconds > recoverySecondsMax;
    if (late) this.expect(false, `progress only after ${this.#recoverySeconds} s`);
    const charges = [...this.#problems, ...chargesOf(verdict, this)];
    return { verdict, recoverySeconds: this.#recoverySeconds, charges, notes: this.notes };
  }

  async #rest(): Promise<void> {
    const sent = readLedger(this.ledger);
    const all = new Set(sent.map(({ id }) => id)).size - this.deleted.size;
    const unreadable = sent.filter(({ kind }) => kind === 'unreadable').length;
    const readable = sent.length - unreadable - this.deleted.size;
    const here = (): Promise<(number | null)[]> => Promise.all(arrivals.map((sql) => this.count(sql)));
    let moved = Date.now();
    let last = '';
    for (;;) {
      const [ended, comments, behind] = await here();
      const state = `${ended} ${comments} ${behind}`;
      if (state !== last) moved = Date.now();
      last = state;
      const arrived = (ended ?? -1) >= all && (comments ?? -1) >= readable && behind === 0;
      const calm = Date.now() - moved;
      const patienceMs = this.#workers.some(({ alive }) => alive) ? giveUpSeconds * 1_000 : calmMs;
      if (calm > (arrived ? calmMs : patienceMs)) return;
      await this.wait(0.25);
    }
  }

  async close(): Promise<void> {
    await this.#injector?.stop().catch(() => {});
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    for (const close of this.#closers) await close();
    await this.clickhouse.proxy.close();
    await this.clickhouse.stop();
  }
}
