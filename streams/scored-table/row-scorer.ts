// Rows of a table to scored rows, by the same processors as the streams.
import { BadRow, type NumberedRow, type TableRow } from '../../connectors/tabular/row.ts';
import { createFeatures, type Source } from '../../processors/features/features.ts';
import type { Predictor } from '../../processors/inference/inference.ts';
import { createScoring } from '../../processors/scoring/scoring.ts';
import type { Kind } from '../../schemas/features.ts';
import { derivedTraceparent } from '../../schemas/identity.ts';
import type { Prediction } from '../../schemas/prediction.ts';
import { answersOf, type Score } from '../../schemas/score.ts';
import { chain } from '../chain.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { inferenceFor } from '../pipeline.ts';

export interface RowScorerOptions {
  readonly configuration: Configuration;
  readonly engine: Predictor;
  readonly tasks: readonly string[];
  readonly kind: Kind;
  readonly tenant: string;
  readonly textColumn: string;
  /** Columns of the input, whose names ours must not take. */
  readonly taken: ReadonlySet<string>;
}

export interface ScoredRow {
  readonly row: TableRow;
  /** Why the row has no scores. */
  readonly error?: string;
}

/** Scores rows; row i of the result is row i of the input with columns added, `error` among them where it failed. */
export function createRowScorer(
  options: RowScorerOptions,
): (rows: readonly NumberedRow[]) => Promise<ScoredRow[]> {
  const { configuration, engine, tasks, taken } = options;
  const asked = { comment: tasks, prompt: tasks };
  const process = chain<Source>(
    [
      { topic: 'features', process: createFeatures(), published: false },
      { topic: 'predictions', process: inferenceFor(configuration, engine, asked), published: true },
      { topic: 'scores', process: createScoring(configuration.scoring), published: true },
    ],
    () => {},
  );
  const free = (name: string): string => (taken.has(name) ? free(`scored_${name}`) : name);
  const named = (columns: TableRow): TableRow =>
    Object.fromEntries(Object.entries(columns).map(([name, value]) => [free(name), value]));
  const failure = ({ row }: NumberedRow, error: string): ScoredRow => ({
    row: { ...(row instanceof BadRow ? {} : row), ...named({ error }) },
    error,
  });
  return async (rows) => {
    const read = rows.map((numbered) => sourceOf(numbered, options));
    const sources = read.filter((source): source is Source => typeof source !== 'string');
    const outcomes = await process(sources);
    let next = 0;
    return rows.map((numbered, index) => {
      const source = read[index]!;
      if (typeof source === 'string') return failure(numbered, source);
      const outcome = outcomes[next++]!;
      if (outcome.kind !== 'ok') return failure(numbered, outcome.reason);
      const [prediction, score] = outcome.outputs;
      const columns = columnsOf(prediction!.message as Prediction, score!.message as Score);
      return { row: { ...(numbered.row as TableRow), ...named(columns) } };
    });
  };
}

/** What the processors read, or why the row holds no text. */
function sourceOf(
  { line, row }: NumberedRow,
  { kind, tenant, textColumn }: RowScorerOptions,
): Source | string {
  if (row instanceof BadRow) return row.reason;
  const text = row[textColumn];
  if (typeof text !== 'string') return `no text in column “${textColumn}”`;
  const id = String(line);
  const envelope = { id, tenant, eventTime: 0, ingestTime: 0, source: 'score' };
  const unknown = { author: null, thread: null, user: null, session: null };
  return { kind, message: { ...envelope, ...unknown, text, traceparent: derivedTraceparent(id) } };
}

/** Tasks whose answers the score itself holds. */
const inScore: ReadonlySet<string> = new Set([
  'language',
  'sentiment',
  'toxicity',
  'emotion',
  'prompt-intent',
  'prompt-quality',
]);

function columnsOf({ results }: Prediction, score: Score): TableRow {
  const others = results.filter(({ task }) => !inScore.has(task));
  return {
    ...answersOf(score),
    ...Object.fromEntries(
      others.flatMap(({ task, label, confidence }) => [
        [task, label],
        [`${task}Confidence`, Math.fround(confidence)],
      ]),
    ),
    releases: score.releases.join(' '),
  };
}
