// The streams of Millrace, declared: what each reads, which processors it runs, where its outcomes go.
// `chained`: features, inference and scoring pass batches on in memory. `apart`: one stream each, topics in between.
// The first stage's group is the same in both, so a change of mode goes on where the other stopped.

import type { Addressed, Delivery } from '../connectors/delivery.ts';
import type { SubscribeOptions, Subscription } from '../connectors/log.ts';
import { TopicDelivery } from '../connectors/topic-delivery.ts';
import { TransactionalDelivery } from '../connectors/transactional-delivery.ts';
import { createFeatures, type Source } from '../processors/features/features.ts';
import { createInference, type InferenceOptions, type Predictor } from '../processors/inference/inference.ts';
import { createScoring } from '../processors/scoring/scoring.ts';
import type { Comment } from '../schemas/comment.ts';
import type { Features } from '../schemas/features.ts';
import { drop, type Outcome, ok, type Process } from '../schemas/outcome.ts';
import type { Prediction } from '../schemas/prediction.ts';
import type { Prompt } from '../schemas/prompt.ts';
import type { Message } from '../schemas/topic.ts';
import { topics } from '../schemas/topics.ts';
import { chain, type Stage, type TimeStage } from './chain.ts';
import type { Configuration } from './configuration/configuration.ts';
import type { StreamName } from './configuration/settings.ts';
import { redriveHeaders } from './dead-letters/republication.ts';
import { declareRoutes } from './routes/route.ts';
import type { RouteEngine } from './routes/route-process.ts';
import { type LoopOptions, run, type Stream } from './run.ts';
import { sinkLimits, sinkPace, tableDelivery } from './sink-delivery.ts';
import type { Stack } from './stack.ts';
import { decodeThen } from './stage.ts';

const fetchBytes = 1_048_576;
/** How long a fetch that takes any record at once waits for one. */
const idleFetchMs = 100;
/** The same of the sink, where partitions come and go. */
const sinkFetchMs = 30;
/** Bytes that end a lingering fetch early. */
const lingerBytes = 65_536;

/** What producers write. */
const sourceTopics: readonly string[] = ['comments', 'prompts'];

/** A stream that is declared and not yet running; what it hands from processor to delivery is its own matter. */
export interface Startable {
  readonly name: string;
  start(options: LoopOptions): Promise<Subscription>;
}

const startable = <Out>(stream: Stream<Out>): Startable => ({
  name: stream.name,
  start: (options) => run(stream, options),
});

/** What is on trial beside the models that serve. */
type Trials = NonNullable<InferenceOptions['trials']>;

/** Every stream that the configuration names. `engine` may be null where none of them infers. */
export function declareStreams(
  stack: Stack,
  engine: RouteEngine | null,
  trials: Trials,
): readonly Startable[] {
  const { mode, streams } = stack.configuration;
  const inference = inferenceOf(stack, engine, trials);
  const processing = mode === 'chained' ? chainedStreams(stack, inference) : apartStreams(stack, inference);
  const ours = [...processing.map(startable), sinkStream(stack)].filter(({ name }) =>
    streams.includes(name as StreamName),
  );
  const routes = engine && streams.includes('routes') ? declareRoutes(stack, engine) : [];
  return [...ours, ...routes];
}

type Inference = Process<Features, Prediction>;

function chainedStreams(stack: Stack, inference: Inference): Stream<Addressed>[] {
  const { configuration } = stack;
  const stages: Stage[] = [
    { topic: 'features', process: createFeatures(), published: configuration.publishFeatures },
    { topic: 'predictions', process: inference, published: true },
    { topic: 'scores', process: createScoring(configuration.scoring), published: true },
  ];
  return [
    {
      ...topicStream(stack, {
        name: 'chain',
        group: 'features',
        from: sourceTopics,
        to: stages.filter(({ published }) => published).map(({ topic }) => topic),
      }),
      process: decodeThen(stack.wire, sourceOf, chain<Source>(stages, timeOf(stack, 'chain'))),
    },
  ];
}

function apartStreams(stack: Stack, inference: Inference): Stream<Addressed>[] {
  const { wire, configuration } = stack;
  return [
    {
      ...topicStream(stack, { name: 'features', group: 'features', from: sourceTopics, to: ['features'] }),
      process: decodeThen(wire, sourceOf, addressed('features', createFeatures())),
    },
    {
      ...topicStream(stack, {
        name: 'inference',
        group: 'inference',
        from: ['features'],
        to: ['predictions'],
      }),
      process: decodeThen(wire, (message) => message as Features, addressed('predictions', inference)),
    },
    {
      ...topicStream(stack, { name: 'scoring', group: 'scoring', from: ['predictions'], to: ['scores'] }),
      process: decodeThen(
        wire,
        (message) => message as Prediction,
        addressed('scores', createScoring(configuration.scoring)),
      ),
    },
  ];
}

interface Route {
  readonly name: string;
  readonly group: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Everything that is not said by the processor of a stream from topics to topics. */
function topicStream(stack: Stack, { name, group, from, to }: Route) {
  const { loop, exactlyOnce } = stack.configuration;
  const options = {
    log: stack.log,
    wire: stack.wire,
    stage: group,
    // Its own outputs only: a restart reads back what lies behind the journal, and other stages’ outputs grow apace.
    outputTopics: [...to, 'dead-letters'],
    now: stack.now,
  };
  const delivery: Delivery<Addressed> =
    exactlyOnce === 'kafka'
      ? new TransactionalDelivery({ ...options, group: groupId(group) })
      : new TopicDelivery(options);
  return {
    name,
    subscribe: subscription(stack.configuration, group, from, {
      fetchWaitMs: loop.lingerMs || idleFetchMs,
      fetchBytesMin: loop.lingerMs > 0 ? lingerBytes : 1,
      partitionBytesMax: fetchBytes,
    }),
    limits: { recordsMax: loop.chunkRecordsMax, bytesMax: fetchBytes },
    delivery,
  };
}

/** Everything stored: one stream from all topics into their tables. */
function sinkStream(stack: Stack): Startable {
  const { configuration } = stack;
  const stream: Stream<Message> = {
    name: 'sinks',
    subscribe: subscription(
      configuration,
      'clickhouse',
      topics.map(({ name }) => name),
      {
        // A slow insert into one table is no reason to fetch less for the others.
        besideAfterMs: 0,
        // How large inserts are is a matter of the pace; a partition that is resumed waits for the fetch under way.
        fetchWaitMs: sinkFetchMs,
        fetchBytesMin: 1,
        partitionBytesMax: 4 * fetchBytes,
      },
    ),
    limits: sinkLimits,
    process: exceptStoredBefore(decodeThen(stack.wire, (message) => message, stored)),
    // The features stream reads the same records and makes their dead letters; two of one record would be too many.
    delivery: tableDelivery(stack, sourceTopics),
  };
  return { name: stream.name, start: (options) => sinkPace(stack).run(stream, options) };
}

function subscription(
  configuration: Configuration,
  group: string,
  from: readonly string[],
  fetch: Pick<SubscribeOptions, 'fetchWaitMs' | 'fetchBytesMin' | 'partitionBytesMax' | 'besideAfterMs'>,
): SubscribeOptions {
  return {
    group: groupId(group),
    topics: from,
    concurrency: from.length * configuration.kafka.partitions,
    sessionTimeoutMs: configuration.kafka.sessionTimeoutMs,
    ...fetch,
  };
}

const groupId = (group: string): string => `millrace-${group}`;

function inferenceOf({ configuration }: Stack, engine: Predictor | null, trials: Trials): Inference {
  const tasks = {
    comment: configuration.inference.commentTasks,
    prompt: configuration.inference.promptTasks,
  };
  if (engine) return inferenceFor(configuration, engine, tasks, { trials });
  return () => Promise.reject(new Error('an inference stream was started without an engine'));
}

/** Inference over given tasks, by the language policy that is configured. */
export function inferenceFor(
  { inference: { expectedLanguages, groupLanguages } }: Pick<Configuration, 'inference'>,
  engine: Predictor,
  tasks: { readonly comment: readonly string[]; readonly prompt: readonly string[] },
  options: Pick<InferenceOptions, 'asking' | 'trials'> = {},
): Inference {
  const isOpen = Object.keys(expectedLanguages).length === 0 && !groupLanguages;
  const languages = { expected: expectedLanguages, grouped: groupLanguages };
  return createInference({ engine, tasks, ...options, ...(isOpen ? {} : { languages }) });
}

const timeOf =
  ({ metrics }: Stack, stream: string): TimeStage =>
  (stage, seconds) =>
    metrics.stageSeconds.observe({ stream, stage }, seconds);

const sourceOf = (message: Message, topic: string): Source => ({
  kind: topic === 'comments' ? 'comment' : 'prompt',
  message: message as Comment | Prompt,
});

/** A record that came back from the dead letters because a later stage had refused it: its row is there already. */
const exceptStoredBefore =
  (process: Stream<Message>['process']): Stream<Message>['process'] =>
  async (batch, records) =>
    (await process(batch, records)).map((outcome, index) =>
      records[index]!.headers[redriveHeaders.stored] ? drop('stored-before') : outcome,
    );

const stored: Process<Message, Message> = async (messages) => messages.map((message) => ok(message));

function addressed<In>(topic: string, process: Process<In, Message>): Process<In, Addressed> {
  return async (inputs) =>
    (await process(inputs)).map(
      (outcome): Outcome<Addressed> =>
        outcome.kind === 'ok' ? ok(...outcome.outputs.map((message) => ({ topic, message }))) : outcome,
    );
}
