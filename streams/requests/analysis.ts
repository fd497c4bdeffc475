// What POST /v1/analyze does: the stages of the streams over the texts of one request, as one batch.
import { randomUUID } from 'node:crypto';
import type { Addressed } from '../../connectors/delivery.ts';
import type { Analysis, Asker } from '../../connectors/http/parts.ts';
import { HttpProblem } from '../../connectors/http/problem.ts';
import { createFeatures, type Source } from '../../processors/features/features.ts';
import type { InferenceOptions, Predictor } from '../../processors/inference/inference.ts';
import type { Redact } from '../../processors/redaction/redaction.ts';
import { createScoring } from '../../processors/scoring/scoring.ts';
import type { Comment } from '../../schemas/comment.ts';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import type { Outcome } from '../../schemas/outcome.ts';
import type { Prediction, Result } from '../../schemas/prediction.ts';
import type { Prompt } from '../../schemas/prompt.ts';
import type { AnalyzeAnswer, AnalyzedItem, AnalyzeItem } from '../../schemas/requests.ts';
import { answersOf, type Score } from '../../schemas/score.ts';
import { chain, type Stage } from '../chain.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { inferenceFor } from '../pipeline.ts';
import type { Outbox } from './outbox.ts';

interface AnalysisOptions {
  readonly configuration: Configuration;
  readonly predictor: Predictor;
  /** What is on trial beside the models that serve. */
  readonly trials: NonNullable<InferenceOptions['trials']>;
  /** Tasks that a model is there for. */
  readonly tasks: () => readonly string[];
  readonly outbox: Outbox;
  /** Takes personal data out of texts; null where none is to be taken out. */
  readonly redact: Redact | null;
  readonly now: () => number;
}

/** Each text makes a prediction and a score. */
const messagesPerText = 2;
/** Stages for sets of tasks that are kept; the sets that callers think up are few. */
const stagesMax = 64;

/** The analysis of requests over an engine. */
export function createAnalysis(options: AnalysisOptions) {
  const { configuration, outbox, now } = options;
  const stagesOf = stagesByTasks(options);
  return async ({ items, tasks }: Analysis, asker: Asker): Promise<AnalyzeAnswer> => {
    const started = performance.now();
    outbox.assertRoom(messagesPerText * items.length);
    const stages = stagesOf(tasks);
    const time = now();
    const sources = items.map((item, index) =>
      sourceOf({ item, index, asker, time, redact: options.redact }),
    );
    const tookMs: Record<string, number> = {};
    const process = chain<Source>(stages, (stage, seconds) => {
      tookMs[stage] = rounded(seconds * 1_000);
    });
    const outcomes = await process(sources);
    const made = outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? outcome.outputs : []));
    if (configuration.http.publishResults) outbox.add(made);
    const releases = new Set<string>();
    const answered = sources.map((source, index) => answerTo(source, outcomes[index]!, releases));
    return {
      items: answered,
      releases: [...releases],
      timings: {
        totalMs: rounded(performance.now() - started),
        featuresMs: tookMs.features ?? 0,
        modelMs: tookMs.predictions ?? 0,
        scoringMs: tookMs.scores ?? 0,
      },
    };
  };
}

/** The three stages, for the configured tasks or for those that a request names. */
function stagesByTasks({ configuration, predictor, trials, tasks }: AnalysisOptions) {
  const { commentTasks, promptTasks } = configuration.inference;
  const features = createFeatures();
  const scoring = createScoring(configuration.scoring);
  const asking = { priority: 'request', withinMs: configuration.http.modelMs } as const;
  const stages = (comment: readonly string[], prompt: readonly string[]): readonly Stage[] => [
    { topic: 'features', process: features, published: false },
    {
      topic: 'predictions',
      process: inferenceFor(configuration, predictor, { comment, prompt }, { asking, trials }),
      published: true,
    },
    { topic: 'scores', process: scoring, published: true },
  ];
  const configured = stages(commentTasks, promptTasks);
  const named = new Map<string, readonly Stage[]>();
  return (wanted: readonly string[] | null): readonly Stage[] => {
    if (wanted === null) return configured;
    assertServed(wanted, tasks());
    const unique = [...new Set(wanted)];
    const name = unique.join('\u0000');
    const known = named.get(name) ?? stages(unique, unique);
    if (named.size < stagesMax) named.set(name, known);
    return known;
  };
}

function assertServed(wanted: readonly string[], served: readonly string[]): void {
  const errors = wanted.flatMap((task, index) =>
    served.includes(task)
      ? []
      : [
          {
            pointer: `/tasks/${index}`,
            detail: `${task} is served by no model here; these are: ${served.join(', ')}`,
          },
        ],
  );
  if (errors.length > 0) throw new HttpProblem(422, 'unknown-task', errors[0]!.detail, { errors });
}

interface Given {
  readonly item: AnalyzeItem;
  readonly index: number;
  readonly asker: Asker;
  readonly time: number;
  readonly redact: Redact | null;
}

function sourceOf({ item, index, asker, time, redact }: Given): Source {
  const id = item.id ?? newId(asker, index);
  const message = {
    id,
    tenant: tenantOf(item.tenant, asker),
    eventTime: time,
    ingestTime: time,
    source: 'http',
    traceparent: asker.traceparent ?? derivedTraceparent(id),
    text: redact ? redact(item.text) : item.text,
  };
  // What else a comment or a prompt has, no processor reads.
  return { kind: item.kind ?? 'comment', message: message as Comment | Prompt };
}

/** An id that a repeat of the request under its idempotency key gets again. */
export const newId = ({ idSeed }: Asker, index: number): string =>
  idSeed === null ? randomUUID() : derivedId('idempotency', idSeed, String(index));

/** Throws `HttpProblem` where another tenant than the caller’s is named by one who may not. */
export function tenantOf(named: string | undefined, { tenant, mayNameTenants }: Asker): string {
  if (named === undefined || named === tenant || mayNameTenants) return named ?? tenant;
  throw new HttpProblem(403, 'tenant', 'Only callers with the scope admin may name another tenant.');
}

function answerTo(
  { kind, message: { id } }: Source,
  outcome: Outcome<Addressed>,
  releases: Set<string>,
): AnalyzedItem {
  if (outcome.kind === 'invalid') return { id, kind, error: { code: outcome.code, detail: outcome.reason } };
  if (outcome.kind === 'drop') return { id, kind, error: { code: 'dropped', detail: outcome.reason } };
  const made = (topic: string) => outcome.outputs.find((output) => output.topic === topic)?.message;
  const score = made('scores') as unknown as Score;
  const prediction = made('predictions') as unknown as Prediction;
  for (const release of score.releases) releases.add(release);
  return {
    id,
    kind,
    score: { id: score.id, ...answersOf(score) },
    results: Object.fromEntries(
      prediction.results.filter(({ arm }) => arm !== 'shadow').map((result) => [result.task, shown(result)]),
    ),
  };
}

function shown({ label, confidence, labels, probabilities, release }: Result) {
  const byLabel: Record<string, number> = {};
  for (const [index, name] of labels.entries()) byLabel[name] = probabilities[index]!;
  return { label, confidence, probabilities: byLabel, release };
}

/** Microseconds are enough. */
const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
