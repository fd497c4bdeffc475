// The experiment log: every training run as a file of JSON lines, `<directory>/<run>.jsonl`, and in MLflow where one is.
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Misconfigured } from '../schemas/errors.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';
import { type MlflowOptions, mirrorRun } from './mlflow.ts';

/** How a run ended: with a release, with an error, or by a person or a pruner. */
export type RunStatus = 'finished' | 'failed' | 'stopped';

export type RunMetrics = Readonly<Record<string, number>>;

/** What a run begins with. */
export interface RunStart {
  readonly task: string;
  /** Kind of the trainer: `ngram`, `forest`, … */
  readonly trainer: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly data: readonly {
    readonly name: string;
    readonly rows: number;
    readonly sha256?: string | undefined;
  }[];
  readonly seed: number;
  /** Commit of the code. */
  readonly commit?: string | undefined;
  /** The release it goes on from. */
  readonly parent?: string | undefined;
  /** The study that it is a trial of. */
  readonly study?: string | undefined;
}

/** What a run ends with. */
export interface RunOutcome {
  readonly figures?: RunMetrics | undefined;
  /** `task@version`, where one was written. */
  readonly release?: string | undefined;
  /** Why it failed. */
  readonly error?: string | undefined;
  /** Small files to keep beside it in MLflow, such as card and manifest. */
  readonly artifacts?: ReadonlyMap<string, string | Uint8Array> | undefined;
}

export interface Run {
  readonly id: string;
  /** Notes the metrics of an epoch, or of any other step. Never throws and never waits. */
  epoch(step: number, metrics: RunMetrics): void;
  /** Notes the end. Waits for MLflow some seconds at most. Never throws. */
  end(status: RunStatus, outcome?: RunOutcome): Promise<void>;
}

export interface ExperimentLog {
  /** Begins a run. Throws `Misconfigured` when its file cannot be written. */
  startRun(start: RunStart): Run;
}

export interface ExperimentLogOptions {
  readonly directory: string;
  /** None: runs are logged in the directory alone. */
  readonly mlflow?: MlflowOptions | null;
  /** Told once a run about what could not be logged; the training goes on. */
  readonly warn: (message: string) => void;
}

/** One line of a run’s file. */
export type RunLine =
  | ({ readonly event: 'start'; readonly at: string; readonly id: string } & RunStart & RunPlace)
  | { readonly event: 'epoch'; readonly at: string; readonly step: number; readonly metrics: RunMetrics }
  | ({
      readonly event: 'end';
      readonly at: string;
      readonly status: RunStatus;
      readonly seconds: number;
    } & Pick<RunOutcome, 'figures' | 'release' | 'error'>);

/** The process that runs it, so that a run whose process died can be told from one that goes on. */
interface RunPlace {
  readonly host: string;
  readonly pid: number;
}

export function openExperimentLog(options: ExperimentLogOptions): ExperimentLog {
  return { startRun: (start) => startRun(start, options) };
}

function startRun(start: RunStart, { directory, mlflow, warn }: ExperimentLogOptions): Run {
  const begun = new Date();
  const id = `${begun.toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(3).toString('hex')}`;
  const path = join(directory, `${id}.jsonl`);
  const once = onlyOnce(warn);
  const place: RunPlace = { host: hostname(), pid: process.pid };
  create(path, { event: 'start', at: begun.toISOString(), id, ...start, ...place });
  const mirror = mlflow ? mirrorRun({ ...start, id, begun }, { ...mlflow, warn }) : undefined;
  const note = (line: RunLine): void => {
    try {
      appendFileSync(path, `${JSON.stringify(line)}\n`);
    } catch (error) {
      once(`the run cannot be logged to ${path}: ${(error as Error).message}`);
    }
  };
  return {
    id,
    epoch(step, metrics) {
      const at = new Date();
      note({ event: 'epoch', at: at.toISOString(), step, metrics });
      mirror?.epoch(step, metrics, at);
    },
    async end(status, outcome = {}) {
      const at = new Date();
      const { figures, release, error } = outcome;
      const seconds = Math.round(at.getTime() - begun.getTime()) / 1_000;
      note({ event: 'end', at: at.toISOString(), status, seconds, figures, release, error });
      await mirror?.end(status, outcome, at);
    },
  };
}

function create(path: string, line: RunLine): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `${JSON.stringify(line)}\n`, { flag: 'wx' });
  } catch (cause) {
    throw new Misconfigured(`runs cannot be logged to ${path}: ${(cause as Error).message}`, {
      code: 'runs-unwritable',
      fix: 'Check MILLRACE_DATA_DIRECTORY and who may write to it.',
      cause,
    });
  }
}

function onlyOnce(warn: (message: string) => void): (message: string) => void {
  let warned = false;
  return (message) => {
    if (!warned) warn(message);
    warned = true;
  };
}

/** The numbers among a release’s figures by name: `goemotions/test/accuracy`. */
export const flatFigures = ({ figures }: Pick<ModelManifest, 'figures'>): RunMetrics =>
  Object.fromEntries(
    figures.flatMap((figure) =>
      Object.entries(figure).flatMap(([name, value]) =>
        typeof value === 'number' ? [[`${figure.set}/${name}`, value] as const] : [],
      ),
    ),
  );
