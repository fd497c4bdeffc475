// Runs in MLflow, over its REST API (https://mlflow.org/docs/latest/api_reference/rest-api.html). A server that is down
// costs a warning, never a training: what it has to be told waits, and is told when it is back.
import { userInfo } from 'node:os';
import type { RunMetrics, RunOutcome, RunStart, RunStatus } from './experiment-log.ts';
import { Api } from './mlflow/api.ts';
import { Queue } from './mlflow/queue.ts';

export interface MlflowOptions {
  /** Address of the tracking server. */
  readonly trackingUri: string;
  /** Experiment of the runs; made when there is none. */
  readonly experiment: string;
  readonly username?: string | null;
  readonly password?: string | null;
  /** Instead of user and password. */
  readonly token?: string | null;
  /** Longest wait at the end of a run for what is still to be sent. Default 10 s. */
  readonly endMs?: number;
}

interface Warned extends MlflowOptions {
  readonly warn: (message: string) => void;
}

interface Mirror {
  epoch(step: number, metrics: RunMetrics, at: Date): void;
  end(status: RunStatus, outcome: RunOutcome, at: Date): Promise<void>;
}

/** Limits of one log-batch request. */
const metricsMax = 1_000;
const parametersMax = 100;
const valueMax = 500;

const statuses: Readonly<Record<RunStatus, string>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  stopped: 'KILLED',
};

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Follows one run in MLflow, in the background. */
export function mirrorRun(
  run: RunStart & { readonly id: string; readonly begun: Date },
  options: Warned,
): Mirror {
  const api = new Api(options);
  const queue = new Queue(options.warn);
  let place: RunPlace;
  queue.push(async () => {
    place = await createRun(api, run, options.experiment);
  });
  const parameters = pairsOf(run.parameters);
  for (let at = 0; at < parameters.length; at += parametersMax)
    queue.push(async () => {
      await api.post('runs/log-batch', {
        run_id: place.id,
        params: parameters.slice(at, at + parametersMax),
      });
    });
  // Metrics gather while a request is under way, and go in batches.
  let gathered: Metric[] = [];
  const log = (metrics: readonly Metric[]): void => {
    for (const metric of metrics) {
      if (gathered.length === 0 || gathered.length === metricsMax) {
        const batch: Metric[] = [];
        gathered = batch;
        queue.push(async () => {
          if (gathered === batch) gathered = [];
          await api.post('runs/log-batch', { run_id: place.id, metrics: batch });
        });
      }
      gathered.push(metric);
    }
  };
  return {
    epoch: (step, metrics, at) => log(metricsOf(metrics, step, at)),
    async end(status, { figures = {}, release, error, artifacts = new Map() }, at) {
      log(metricsOf(figures, 0, at));
      const tags = [
        ...(release === undefined ? [] : [{ key: 'millrace.release', value: release }]),
        ...(error === undefined ? [] : [{ key: 'millrace.error', value: error.slice(0, valueMax) }]),
      ];
      queue.push(async () => {
        for (const [file, bytes] of artifacts) await api.putArtifact(place.artifacts, file, bytes);
        if (tags.length > 0) await api.post('runs/log-batch', { run_id: place.id, tags });
        await api.post('runs/update', { run_id: place.id, status: statuses[status], end_time: at.getTime() });
      });
      await queue.finish(options.endMs ?? 10_000);
    },
  };
}

interface RunPlace {
  readonly id: string;
  /** Where the run’s artifacts go. */
  readonly artifacts: string;
}

async function createRun(
  api: Api,
  run: RunStart & { readonly id: string; readonly begun: Date },
  experiment: string,
): Promise<RunPlace> {
  const experimentId = await experimentOf(api, experiment);
  // An attempt whose answer was lost has made the run already.
  const { runs = [] } = await api.post<{ runs?: { info: RunInfo }[] }>('runs/search', {
    experiment_ids: [experimentId],
    filter: `tags.\`millrace.run\` = '${run.id}'`,
  });
  if (runs[0]) return placeOf(runs[0].info);
  const created = await api.post<{ run: { info: RunInfo } }>('runs/create', {
    experiment_id: experimentId,
    run_name: `${run.task} ${run.id}`,
    start_time: run.begun.getTime(),
    tags: tagsOf(run),
  });
  return placeOf(created.run.info);
}

interface RunInfo {
  readonly run_id: string;
  readonly artifact_uri: string;
}

const placeOf = ({ run_id, artifact_uri }: RunInfo): RunPlace => ({ id: run_id, artifacts: artifact_uri });

async function experimentOf(api: Api, name: string): Promise<string> {
  const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
  const found = await api.get<{ experiment: { experiment_id: string } }>(path);
  if (found) return found.experiment.experiment_id;
  try {
    return (await api.post<{ experiment_id: string }>('experiments/create', { name })).experiment_id;
  } catch (error) {
    // Another run was faster.
    const made = await api.get<{ experiment: { experiment_id: string } }>(path);
    if (made) return made.experiment.experiment_id;
    throw error;
  }
}

function tagsOf(run: RunStart & { readonly id: string }): Pair[] {
  const { task, trainer, seed, commit, parent, study, data } = run;
  const tags = {
    'mlflow.source.name': `millrace train ${task}`,
    'mlflow.user': userName(),
    'millrace.run': run.id,
    'millrace.task': task,
    'millrace.trainer': trainer,
    'millrace.seed': String(seed),
    ...(commit === undefined ? {} : { 'mlflow.source.git.commit': commit }),
    ...(parent === undefined ? {} : { 'millrace.parent': parent }),
    ...(study === undefined ? {} : { 'millrace.study': study }),
    ...Object.fromEntries(
      data.map(({ name, rows, sha256 = 'none' }) => [
        `data.${nameOf(name)}`,
        `${rows} rows, sha256 ${sha256}`,
      ]),
    ),
  };
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

/** A name as MLflow takes it. */
const nameOf = (text: string): string => text.replaceAll(/[^\w./ -]/g, '_').slice(0, 250);

/** Leaves of the parameters by dotted name. */
function pairsOf(value: unknown, name = ''): Pair[] {
  const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTree) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [{ key: nameOf(name), value: (text ?? 'none').slice(0, valueMax) }];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    pairsOf(inner, name === '' ? key : `${name}.${key}`),
  );
}

/** MLflow takes no numbers that are none. */
const metricsOf = (metrics: RunMetrics, step: number, at: Date): Metric[] =>
  Object.entries(metrics)
    .filter(([, value]) => Number.isFinite(value))
    .map(([key, value]) => ({ key: nameOf(key), value, timestamp: at.getTime(), step }));
