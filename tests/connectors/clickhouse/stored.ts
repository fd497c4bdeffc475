// Messages as they would lie in ClickHouse, written without a stream; offsets and times of arrival are given or counted.
import { RowEncoder } from '../../../connectors/clickhouse/row-encoder.ts';
import type { Clickhouse } from '../../../connectors/clickhouse.ts';
import { type Comment, comments } from '../../../schemas/comment.ts';
import { type Feedback, feedback } from '../../../schemas/feedback.ts';
import { type Prediction, predictions, type Result } from '../../../schemas/prediction.ts';
import type { Message, Topic } from '../../../schemas/topic.ts';

let written = 0;

/** Inserts messages in this order, each at the next offset of partition 0. */
export async function store(
  clickhouse: Clickhouse,
  topic: Topic,
  messages: readonly Message[],
): Promise<void> {
  const encoder = new RowEncoder(topic);
  for (const message of messages) {
    written += 1;
    const time = Number(message.ingestTime);
    encoder.add(message, { topic: topic.name, partition: 0, offset: written, time });
  }
  await clickhouse.insert({
    table: topic.name.replaceAll('-', '_'),
    columns: encoder.columns,
    ...encoder.take(),
    token: `stored/${written}`,
    deadline: Date.now() + 60_000,
  });
}

const envelope = (id: string, eventTime: number) => ({
  id,
  tenant: 'default',
  eventTime,
  ingestTime: eventTime,
  source: 'test',
  traceparent: '',
});

export const storeComments = (clickhouse: Clickhouse, messages: readonly Comment[]): Promise<void> =>
  store(clickhouse, comments, messages as unknown as readonly Message[]);

export const storePredictions = (clickhouse: Clickhouse, messages: readonly Prediction[]): Promise<void> =>
  store(clickhouse, predictions, messages as unknown as readonly Message[]);

export const storeFeedback = (clickhouse: Clickhouse, messages: readonly Feedback[]): Promise<void> =>
  store(clickhouse, feedback, messages as unknown as readonly Message[]);

export const commentOf = (id: string, eventTime: number, said: Partial<Comment> = {}): Comment => ({
  ...envelope(id, eventTime),
  text: `text of ${id}`,
  author: null,
  thread: null,
  ...said,
});

export const resultOf = (release: string, label: string, said: Partial<Result> = {}): Result => ({
  task: release.split('@')[0]!,
  release,
  label,
  confidence: 0.75,
  labels: [label],
  probabilities: [0.75],
  arm: null,
  ...said,
});

export const predictionOf = (
  messageId: string,
  eventTime: number,
  results: Prediction['results'],
  said: Partial<Prediction> = {},
): Prediction => ({
  ...envelope(`prediction of ${messageId}`, eventTime),
  messageId,
  kind: 'comment',
  values: null,
  textLength: 10,
  language: 'en',
  results,
  ...said,
});

export const feedbackOf = (
  id: string,
  messageId: string,
  said: Partial<Feedback> & Pick<Feedback, 'eventTime'>,
): Feedback => ({
  ...envelope(id, said.eventTime),
  messageId,
  task: 'task',
  label: null,
  value: null,
  agrees: null,
  by: null,
  ...said,
});
