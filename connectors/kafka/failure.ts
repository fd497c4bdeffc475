// What kafkajs throws, told apart by what the loop does with it.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { CorruptPartition } from './fetch-response.ts';

interface ClientError extends Error {
  /** Kafka’s name of a protocol error. */
  readonly type?: string;
  readonly retriable?: boolean;
  /** Node’s code of a connection that failed. */
  readonly code?: string;
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

// In a transaction these say that its id is no longer this producer's, or that the broker gave the transaction up.
const producerFencedTypes = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);

// A transaction that failed in one of these ways succeeds once its id has been opened anew.
const transactionTypes = new Set([
  'INVALID_TXN_STATE',
  'CONCURRENT_TRANSACTIONS',
  'TRANSACTION_COORDINATOR_FENCED',
]);

// What Node says of a certificate that it does not trust, and OpenSSL of one that the other side does not.
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|^ERR_SSL/;

/** What a person can do about an error that Kafka names so. */
export const fixes: Readonly<Record<string, string>> = {
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
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'Grant this client’s user write access to the transactional id.',
  INVALID_TRANSACTION_TIMEOUT: 'Raise the broker’s transaction.max.timeout.ms to 30 s or more.',
  UNSUPPORTED_VERSION: 'Use a Kafka cluster of version 2.1 or newer.',
};

/** Kafka’s name of the error at the root of what kafkajs threw. */
export const errorType = (error: unknown): string | undefined => root(error)?.type;

/** The transactional id has another holder, or the broker timed its transaction out. */
export const isProducerFencing = (error: unknown): boolean => producerFencedTypes.has(errorType(error) ?? '');

export const isFencing = (error: unknown): boolean => fencedTypes.has(errorType(error) ?? '');

/** A rebalance has begun; until this member joins again it still may commit. */
export const isRebalancing = (error: unknown): boolean => errorType(error) === 'REBALANCE_IN_PROGRESS';

/**
 * The project’s error for one of kafkajs’s: `Misconfigured` where a person has to act, `Retryable` where the
 * world may get better, the error itself otherwise. `doing` completes “Kafka refused to …”.
 */
export function failureOf(error: unknown, doing: string): unknown {
  if (error instanceof Misconfigured || error instanceof Retryable) return error;
  const cause = root(error);
  if (cause instanceof CorruptPartition) return cause;
  if (!cause?.name.startsWith('KafkaJS')) return error;
  const message = `Kafka: could not ${doing}: ${cause.message}`;
  if (cause.name === 'KafkaJSSASLAuthenticationError') {
    const fix = 'Check the user, the password and the SASL mechanism.';
    return new Misconfigured(message, { code: 'kafka-authentication', fix, cause: error });
  }
  if (untrusted.test(cause.code ?? '')) {
    const fix = 'Check KAFKA_TLS_CA_FILE, the host names in KAFKA_BROKERS, and the client’s certificate.';
    return new Misconfigured(message, { code: 'kafka-tls', fix, cause: error });
  }
  const fix = fixes[cause.type ?? ''];
  if (fix) return new Misconfigured(message, { code: `kafka-${codeOf(cause)}`, fix, cause: error });
  const type = cause.type ?? '';
  const transient = cause.retriable === true || producerTypes.has(type) || transactionTypes.has(type);
  return transient ? new Retryable(message, { code: `kafka-${codeOf(cause)}`, cause: error }) : error;
}

/** What opening a log throws for `failure`, an error of either client: names the brokers when none of them answered. */
export function unreachable(brokers: readonly string[], failure: unknown): unknown {
  if (!(failure instanceof Retryable)) return failure;
  return new Retryable(
    `No Kafka broker answers at ${brokers.join(', ')} (${failure.message}). Check KAFKA_BROKERS, or start one: npm run kafka.`,
    { code: 'kafka-unreachable', context: { brokers }, cause: failure },
  );
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
