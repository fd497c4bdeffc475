// The folder of one request: what was collected, and the result of each stage that is done, so that whoever comes after
// a kill goes on where it stopped. Every file appears whole or not at all.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collection, Parting } from './collection.ts';
import type { Duel } from './duel.ts';
import type { GateRules, Objection } from './gate.ts';
import type { Quality, QualityRules } from './quality.ts';
import type { Variant } from './variants.ts';

/** What is to be done, decided once: a second start finds it and asks nobody again. */
export interface Plan {
  readonly request: string;
  readonly task: string;
  /** Release to be bettered, `task@version`. */
  readonly champion: string;
  /** Version that a candidate gets, unless it is taken by then. */
  readonly version: string;
  readonly seed: number;
  /** SHA-256 of `labelled.jsonl.gz`, and its rows. */
  readonly sha256: string;
  readonly rows: number;
  /** Span of the messages, ms since 1970. */
  readonly from: number;
  readonly to: number;
  readonly parting: Parting;
  readonly quality: QualityRules;
  readonly gate: GateRules;
  /** How much a new row counts beside one that the champion learned from. */
  readonly recentWeight: number;
  /** Folders where the champion’s data is looked for. */
  readonly sets: { readonly store: string; readonly unshipped: string | null };
  readonly commit: string | null;
}

export type Stage = 'collecting' | 'checking' | 'training' | 'judging' | 'publishing' | 'done';

export interface Progress {
  readonly stage: Stage;
  /** Share of the stage that is done, 0–1. */
  readonly done: number;
  readonly variant?: Variant['name'];
  readonly loss?: number;
  /** When it was written, ms since 1970. */
  readonly at: number;
}

export interface VariantTrial {
  readonly variant: Variant['name'];
  readonly kind: string;
  readonly seconds: number;
  readonly recent: Duel;
  readonly old: readonly Duel[];
  readonly objections: readonly Objection[];
}

/** What came of it. */
export interface Judgement {
  /** The variant that passed, of several the best; null where none did. */
  readonly passed: Variant['name'] | null;
  /** Why not, in words; empty where one passed. */
  readonly why: string;
  readonly quality: Quality;
  readonly counts: Collection['counts'];
  readonly trials: readonly VariantTrial[];
  /** The champion’s own data that could not be found again. */
  readonly missing: readonly string[];
}

export class TrialFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get labelled(): string {
    return join(this.path, 'labelled.jsonl.gz');
  }

  /** A model store with the champion and the language release, so that the training needs no other. */
  get releases(): string {
    return join(this.path, 'releases');
  }

  /** A model store with what was trained in one way. */
  trained(variant: Variant['name']): string {
    return join(this.path, 'trained', variant);
  }

  plan = (): Promise<Plan | null> => this.#read('plan.json');
  savePlan = (plan: Plan): Promise<void> => this.#write('plan.json', plan);
  quality = (): Promise<Quality | null> => this.#read('quality.json');
  saveQuality = (quality: Quality): Promise<void> => this.#write('quality.json', quality);
  seconds = (variant: Variant['name']): Promise<number | null> => this.#read(`seconds-${variant}.json`);
  saveSeconds = (variant: Variant['name'], seconds: number): Promise<void> =>
    this.#write(`seconds-${variant}.json`, seconds);
  judgement = (): Promise<Judgement | null> => this.#read('judgement.json');
  saveJudgement = (judgement: Judgement): Promise<void> => this.#write('judgement.json', judgement);
  /** Failures of the training so far, by whichever process. */
  failures = async (): Promise<number> => (await this.#read<number>('failures.json')) ?? 0;
  saveFailures = (failures: number): Promise<void> => this.#write('failures.json', failures);
  progress = (): Promise<Progress | null> => this.#read('progress.json');
  saveProgress = (progress: Progress): Promise<void> => this.#write('progress.json', progress);

  /** Removes the models, which nobody needs once the request is answered: the one that passed is in the model store. */
  async removeModels(): Promise<void> {
    for (const name of ['releases', 'trained'])
      await rm(join(this.path, name), { recursive: true, force: true });
  }

  /** Removes all that was done, so that it is done anew. */
  async removeWork(): Promise<void> {
    // The plan first: without it nothing of the rest counts as done.
    await rm(join(this.path, 'plan.json'), { force: true });
    for (const name of ['judgement.json', 'quality.json']) await rm(join(this.path, name), { force: true });
    await this.removeModels();
  }

  /** Writes bytes beside their place and moves them there. */
  async put(path: string, bytes: string | Uint8Array): Promise<void> {
    await mkdir(this.path, { recursive: true });
    const beside = `${path}.${process.pid}.writing`;
    await writeFile(beside, bytes);
    await rename(beside, path);
  }

  async #write(name: string, value: unknown): Promise<void> {
    await this.put(join(this.path, name), `${JSON.stringify(value, null, 1)}\n`);
  }

  async #read<Value>(name: string): Promise<Value | null> {
    try {
      return JSON.parse(await readFile(join(this.path, name), 'utf8')) as Value;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}
