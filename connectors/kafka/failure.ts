// What kafkajs throws, told apart by what the loop does with it.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';

interface ClientError extends Error {
  /** Kafka’s name of a protocol error. */
  readonly type?: string;
  readonly retriable?: boolean;
}

/** The member is no longer in the group, or its generation is over: whatever it commits is refused. */
const fencedTypes = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);

// A produce that failed in one of these ways succeeds with a new producer id, which the producer gets after any failure.
const producerTypes = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
]);

const fixes: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'Create the topic first (createTopics), or correct its name.',
  INVALID_TOPIC_EXCEPTION: 'Use letters, digits, dots, dashes and underscores, at most 249 of them.',
  MESSAGE_TOO_LARGE: 'Send a smaller record, or raise the topic’s max.message.bytes.',
  RECORD_LIST_TOO_LARGE: 'Send a smaller record, or raise the topic’s max.message.bytes.',
  INVALID_SESSION_TIMEOUT:
    'Keep sessionTimeoutMs within the broker’s group.min/max.session.timeout.ms (6 s to 30 min).',
  INVALID_REPLICATION_FACTOR: 'Start more brokers or lower the cluster’s default.replication.factor.',
  TOPIC_AUTHORIZATION_FAILED: 'Grant this client’s user access to the topic.',
  GROUP_AUTHORIZATION_FAILED: 'Grant this client’s user access to the consumer group.',
  CLUSTER_AUTHORIZATION_FAILED: 'Grant this client’s user access to the cluster (IdempotentWrite, Create).',
  UNSUPPORTED_VERSION: 'Use a Kafka cluster of version 2.1 or newer.',
};

/** Kafka’s name of the error at the root of what kafkajs threw. */
export const errorType = (error: unknown): string | undefined => root(error)?.type;

export const isFencing = (error: unknown): boolean => fencedTypes.has(errorType(error) ?? '');

/** A rebalance has begun; until this member joins again it still may commit. */
export const isRebalancing = (error: unknown): boolean => errorType(error) === 'REBALANCE_IN_PROGRESS';

/**
 * The project’s error for one of kafkajs’s: `Misconfigured` where a person has to act, `Retryable` where the
 * world may get better, the error itself otherwise. `doing` completes “Kafka refused to …”.
 */
export function failureOf(error: unknown, doing: string): unknown {
  const cause = root(error);
  if (!cause?.name.startsWith('KafkaJS')) return error;
  const message = `Kafka: could not ${doing}: ${cause.message}`;
  if (cause.name === 'KafkaJSSASLAuthenticationError') {
    const fix = 'Check the user, the password and the SASL mechanism.';
    return new Misconfigured(message, { code: 'kafka-authentication', fix, cause: error });
  }
  const fix = fixes[cause.type ?? ''];
  if (fix) return new Misconfigured(message, { code: `kafka-${codeOf(cause)}`, fix, cause: error });
  const transient = cause.retriable === true || producerTypes.has(cause.type ?? '');
  return transient ? new Retryable(message, { code: `kafka-${codeOf(cause)}`, cause: error }) : error;
}

/** Runs a call of kafkajs and throws the project’s errors in place of its own. */
export async function calling<Result>(doing: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw failureOf(error, doing);
  }
}

const codeOf = ({ type, name }: ClientError): string =>
  type ? type.toLowerCase().replaceAll('_', '-') : name === 'KafkaJSError' ? 'error' : 'unreachable';

// kafkajs wraps: retries exceeded around a connection error, an aggregate around each topic’s error.
function root(error: unknown): ClientError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errors } = error as { errors?: readonly unknown[] };
  const inner = Array.isArray(errors) && errors.length > 0 ? errors[0] : error.cause;
  return root(inner) ?? error;
}
