// What the door asks of the process behind it. The door knows HTTP; what a request does is wired in streams/requests.
import type {
  AnalyzeAnswer,
  AnalyzeItem,
  LabelsAnswer,
  Posted,
  PostedTopic,
} from '../../schemas/requests.ts';
import type { Score } from '../../schemas/score.ts';
import type { Cache } from '../cache.ts';
import type { Log } from '../log.ts';
import type { Wire } from '../wire/wire.ts';
import type { EventStreamOptions } from './event-stream.ts';

/** Who asks, as far as the work needs to know. */
export interface Asker {
  readonly tenant: string;
  /** Whether other tenants than the caller’s own may be named. */
  readonly mayNameTenants: boolean;
  /** W3C trace context of the request; null where it has none. */
  readonly traceparent: string | null;
  /** Where ids are to be the same on a repeat: what they are derived from. */
  readonly idSeed: string | null;
}

export interface Analysis {
  readonly items: readonly AnalyzeItem[];
  /** Tasks to answer; null for those configured. */
  readonly tasks: readonly string[] | null;
}

/** A text, or two for models that compare. */
export type InferenceInput = string | readonly [first: string, second: string];

export interface ServedModel {
  /** The task it answers. */
  readonly name: string;
  readonly version: string;
  readonly labels: readonly string[];
  /** Whether its inputs are two texts each. */
  readonly pairs: 'never' | 'optional' | 'always';
}

export interface RawAnswers {
  /** One row of the model’s labels for each input. */
  readonly probabilities: Float32Array;
  /** The answer to each input. */
  readonly labels: readonly string[];
}

/** The models of this process. */
export interface ModelRequests {
  /** Answers texts by the processors of the streams. Throws `HttpProblem`, `Overloaded`, `Retryable`. */
  analyze(analysis: Analysis, asker: Asker): Promise<AnalyzeAnswer>;
  served(): readonly ServedModel[];
  /** What one model says, with nothing around it. */
  infer(model: ServedModel, inputs: readonly InferenceInput[]): Promise<RawAnswers>;
}

/** Who wants messages to label, and which. */
export interface LabelRequest {
  readonly task: string;
  readonly count: number;
  /** Ids of messages that the caller does not want again for now. */
  readonly skip: readonly string[];
  readonly labeller: string;
  /** All tenants where null. */
  readonly tenant: string | null;
}

/** Everything that requests can have done. */
export interface Requests {
  /** Null where this process runs no models. */
  readonly models: ModelRequests | null;
  /** Publishes messages; resolves to their ids once they are durable. */
  accept(topic: PostedTopic, posted: readonly Posted[], asker: Asker): Promise<readonly string[]>;
  /** The stored score with this id, or of the message with it; null where there is none. All tenants where null. */
  score(id: string, tenant: string | null): Promise<Score | null>;
  /** The messages whose labels teach most. Throws `HttpProblem` for a task that cannot be labelled, and `Retryable`. */
  nextToLabel(request: LabelRequest): Promise<LabelsAnswer>;
}

/** Everything behind the door, with how much of it a client may have. */
export interface DoorRequests {
  /** What can be done at this moment. Throws `HttpProblem` while the process starts. */
  now(): Requests;
  readonly cache: Cache;
  readonly log: Log;
  readonly wire: Wire;
  /** Version of this server. */
  readonly version: string;
  /** Web origins whose pages may read answers; none where empty, `*` is all. */
  readonly corsOrigins: readonly string[];
  /** A request that is not answered by then gets a 503. */
  readonly answerTimeoutMs: number;
  readonly streams: EventStreamOptions & { readonly clientsMax: number };
}
