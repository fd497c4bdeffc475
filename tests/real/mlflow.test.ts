// Runs in a real MLflow (MLFLOW_URL): what a person sees there, and a server that is away while a model trains.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openExperimentLog, type RunStart } from '../../connectors/experiment-log.ts';
import { mlflowUrl } from './addresses.ts';
import { openGate } from './gate.ts';

interface Found {
  readonly info: {
    readonly run_id: string;
    readonly status: string;
    readonly artifact_uri: string;
    readonly end_time: number;
  };
  readonly data: {
    readonly metrics?: readonly { readonly key: string; readonly value: number; readonly step: number }[];
    readonly params?: readonly { readonly key: string; readonly value: string }[];
    readonly tags: readonly { readonly key: string; readonly value: string }[];
  };
}

const experiment = `millrace tests ${randomUUID()}`;
const start: RunStart = {
  task: 'mood',
  trainer: 'ngram',
  // More than MLflow takes in one request.
  parameters: {
    rate: { first: 0.1, schedule: 'cosine' },
    many: Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`option ${n}`, n])),
    long: 'x'.repeat(10_000),
    'naïve?': true,
  },
  data: [{ name: 'moods/train (v1)', rows: 10, sha256: 'ab'.repeat(32) }],
  seed: 7,
  commit: 'abc123',
  parent: 'mood@0.9.0',
};

async function request<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(`${mlflowUrl()}/api/2.0/mlflow/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.ok(response.ok, `${path}: ${response.status} ${await response.clone().text()}`);
  return (await response.json()) as T;
}

/** The runs that MLflow has of a run of ours. */
async function runsOf(id: string): Promise<readonly Found[]> {
  const found = await request<{ experiment: { experiment_id: string } }>(
    `experiments/get-by-name?experiment_name=${encodeURIComponent(experiment)}`,
  );
  const { runs = [] } = await request<{ runs?: Found[] }>('runs/search', {
    experiment_ids: [found.experiment.experiment_id],
    filter: `tags.\`millrace.run\` = '${id}'`,
  });
  return runs;
}

const tagsOf = ({ data }: Found) => new Map(data.tags.map(({ key, value }) => [key, value]));

describe('a run in MLflow', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-mlflow-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));
  const open = (trackingUri: string, warnings: string[], endMs = 20_000) =>
    openExperimentLog({
      directory,
      mlflow: { trackingUri, experiment, endMs },
      warn: (message) => void warnings.push(message),
    });

  it('has parameters, every epoch, figures, tags, artifacts and its end', async () => {
    const warnings: string[] = [];
    const run = open(mlflowUrl(), warnings).startRun(start);
    for (let step = 1; step <= 1_200; step++)
      run.epoch(step, { loss: 1 / step, 'dev/macroF1': 0.5, none: Number.NaN });
    await run.end('finished', {
      figures: { 'moods/test/accuracy': 0.8 },
      release: 'mood@1.0.0',
      artifacts: new Map<string, string | Uint8Array>([
        ['card.md', '# mood@1.0.0\n'],
        ['manifest.json', Buffer.from('{}')],
      ]),
    });
    assert.deepEqual(warnings, []);
    const [found, ...others] = await runsOf(run.id);
    assert.deepEqual(others, []);
    assert.equal(found!.info.status, 'FINISHED');
    assert.ok(Number(found!.info.end_time) > 0);
    const parameters = new Map(found!.data.params!.map(({ key, value }) => [key, value]));
    assert.equal(parameters.size, 154);
    assert.equal(parameters.get('rate.schedule'), 'cosine');
    assert.equal(parameters.get('many.option 149'), '149');
    assert.equal(parameters.get('na_ve_'), 'true');
    const metrics = new Map(found!.data.metrics!.map(({ key, value }) => [key, value]));
    assert.deepEqual(Object.fromEntries(metrics), {
      loss: 1 / 1_200,
      'dev/macroF1': 0.5,
      'moods/test/accuracy': 0.8,
    });
    const { metrics: history } = await request<{ metrics: readonly object[] }>(
      `metrics/get-history?run_id=${found!.info.run_id}&metric_key=loss&max_results=5000`,
    );
    assert.equal(history.length, 1_200);
    const tags = tagsOf(found!);
    assert.equal(tags.get('millrace.release'), 'mood@1.0.0');
    assert.equal(tags.get('millrace.parent'), 'mood@0.9.0');
    assert.equal(tags.get('mlflow.source.git.commit'), 'abc123');
    assert.equal(tags.get('data.moods/train _v1_'), `10 rows, sha256 ${'ab'.repeat(32)}`);
    const card = await fetch(`${mlflowUrl()}/get-artifact?path=card.md&run_uuid=${found!.info.run_id}`);
    assert.equal(await card.text(), '# mood@1.0.0\n');
  });

  it('that failed or was stopped says so', async () => {
    const log = open(mlflowUrl(), []);
    const [failed, stopped] = [log.startRun(start), log.startRun(start)];
    await Promise.all([failed.end('failed', { error: 'no rows' }), stopped.end('stopped')]);
    assert.deepEqual(
      [(await runsOf(failed.id))[0]!.info.status, (await runsOf(stopped.id))[0]!.info.status],
      ['FAILED', 'KILLED'],
    );
    assert.equal(tagsOf((await runsOf(failed.id))[0]!).get('millrace.error'), 'no rows');
  });

  it('is told all of it, once, when the server was away in the middle; one warning is given', async () => {
    const gate = await openGate(mlflowUrl());
    const warnings: string[] = [];
    gate.shut();
    const run = open(gate.url, warnings).startRun(start);
    for (let step = 1; step <= 20; step++) {
      if (step === 5) gate.open();
      if (step === 10) gate.shut();
      if (step === 15) gate.open();
      run.epoch(step, { loss: step });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await run.end('finished');
    assert.equal(warnings.length, 1, warnings.join('\n'));
    const [found, ...others] = await runsOf(run.id);
    assert.deepEqual(others, []);
    assert.equal(found!.info.status, 'FINISHED');
    const { metrics } = await request<{ metrics: readonly { value: number }[] }>(
      `metrics/get-history?run_id=${found!.info.run_id}&metric_key=loss`,
    );
    assert.deepEqual(
      metrics.map(({ value }) => value).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
    await gate.close();
  });

  it('is given up at once where the server refuses it', async () => {
    const warnings: string[] = [];
    const run = open(`${mlflowUrl()}/nowhere`, warnings).startRun(start);
    const began = Date.now();
    await run.end('finished');
    assert.ok(Date.now() - began < 10_000);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /not logged to MLflow/);
  });
});
