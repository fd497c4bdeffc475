// What the cases of one run share: the folder, the broker with its registry, Redis. And one case from begin to end.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTexts } from '../../load-tests/comments.ts';
import { Bench, type Mode, type Result } from './bench.ts';
import { Broker } from './broker.ts';
import type { FaultCase } from './case.ts';
import { atEnd } from './children.ts';
import { Redis } from './redis.ts';

export interface LaboratoryOptions {
  /** First of six ports: broker, controller, registry, ClickHouse, its proxy, Redis. */
  readonly ports: number;
  readonly perSecond: number;
  readonly short: boolean;
  readonly keep: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export class Laboratory {
  readonly #options: LaboratoryOptions;
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
  readonly #broker: Broker;
  readonly #redis: Redis;
  #texts: readonly string[] = [];
  #runs = 0;
  #unmount: (() => Promise<void>) | null = null;

  constructor(options: LaboratoryOptions) {
    this.#options = options;
    this.#broker = new Broker(join(this.folder, 'kafka'), options.ports);
    this.#redis = new Redis(options.ports + 5);
    atEnd(async () => {
      if (!options.keep) rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** A bench with everything the case needs, opened. Close it. */
  async bench(wanted: FaultCase, mode: Mode, perSecond = this.#options.perSecond): Promise<Bench> {
    if (this.#texts.length === 0) this.#texts = await loadTexts();
    if (mode === 'kafka') {
      await this.#broker.start();
      await this.#broker.empty();
      if (wanted.withRegistry) await this.#broker.startRegistry();
    }
    if (wanted.withRedis) await this.#redis.start();
    const folder = join(this.folder, `${++this.#runs}-${wanted.name}-${mode}`);
    mkdirSync(join(folder, 'data'), { recursive: true });
    if (wanted.diskMiB) this.#unmount = mountSmall(join(folder, 'data'), wanted.diskMiB);
    const bench = new Bench({
      ...this.#options,
      perSecond,
      mode,
      folder,
      broker: mode === 'kafka' ? this.#broker : null,
      redis: wanted.withRedis ? this.#redis : null,
      texts: this.#texts,
      withServer: wanted.withServer ?? false,
      withRegistry: wanted.withRegistry ?? false,
    });
    await bench.open();
    return bench;
  }

  /** Runs a case to its result; what it throws is a charge. */
  async run(wanted: FaultCase, mode: Mode): Promise<Result> {
    const bench = await this.bench(wanted, mode);
    try {
      await wanted.act(bench);
      return await bench.finish();
    } finally {
      await bench.close();
      await this.#unmount?.();
      this.#unmount = null;
    }
  }
}

/** A file system of its own and of a known size, in memory; needs root. */
function mountSmall(directory: string, mebibytes: number): () => Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory]);
  return atEnd(async () => void execFileSync('umount', ['-l', directory]));
}
