// What librdkafka reports, told apart by what the loop does with it. It numbers errors: its own are negative, the
// brokers' are Kafka's.
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { fixes } from '../kafka/failure.ts';

/** Numbers that are acted on by name. */
export const codes = {
  authentication: -169,
  ssl: -181,
  fatal: -150,
  queueFull: -184,
  wrongState: -172,
  noOffset: -140,
  pollTooLate: -147,
  unknownTopic: -188,
  unknownTopicOrPartition: 3,
  notCoordinator: 16,
  illegalGeneration: 22,
  unknownMember: 25,
  rebalancing: 27,
  topicExists: 36,
  fencedInstance: 82,
} as const;

/** Kafka's names of the errors about which a person has to do something; what to do is shared with the other client. */
const names: Readonly<Record<number, string>> = {
  [codes.unknownTopicOrPartition]: 'UNKNOWN_TOPIC_OR_PARTITION',
  [codes.unknownTopic]: 'UNKNOWN_TOPIC_OR_PARTITION',
  '-190': 'UNKNOWN_TOPIC_OR_PARTITION',
  10: 'MESSAGE_TOO_LARGE',
  17: 'INVALID_TOPIC_EXCEPTION',
  18: 'RECORD_LIST_TOO_LARGE',
  26: 'INVALID_SESSION_TIMEOUT',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  30: 'GROUP_AUTHORIZATION_FAILED',
  31: 'CLUSTER_AUTHORIZATION_FAILED',
  35: 'UNSUPPORTED_VERSION',
  38: 'INVALID_REPLICATION_FACTOR',
};

const ownFixes: Readonly<Record<number, { readonly code: string; readonly fix: string }>> = {
  [codes.authentication]: {
    code: 'kafka-authentication',
    fix: 'Check the user, the password and the SASL mechanism.',
  },
  58: { code: 'kafka-authentication', fix: 'Check the user, the password and the SASL mechanism.' },
  33: { code: 'kafka-authentication', fix: 'Choose a SASL mechanism that the brokers offer.' },
  [codes.ssl]: { code: 'kafka-tls', fix: 'Check the certificates, and whether the brokers speak TLS there.' },
  23: {
    code: 'kafka-inconsistent-group-protocol',
    fix: 'Give every member of a group the same KAFKA_CLIENT: stop the others before you change it.',
  },
};

/** Brokers that are away, that elect, that are slow; and what a new producer id heals. */
const transient = new Set([
  ...[-195, -187, -185, -192, -193, -180, -199, -197, -172, -167, -152, -151, -150, -142, -144, -184],
  ...[5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 22, 25, 27, 41, 45, 46, 47, 49, 56, 59, 74, 75, 78, 82, 89],
]);

/** Kafka's number of an error that librdkafka reported. */
export const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

/** The member is no longer in the group: whatever it commits is refused. */
export const isFencing = (code: number | undefined): boolean =>
  code === codes.unknownMember || code === codes.fencedInstance;

/** The group is between two generations: the same commit may be accepted after it. */
export const isBetweenGenerations = (code: number | undefined): boolean =>
  code === codes.rebalancing || code === codes.illegalGeneration;

/**
 * The project's error for one of librdkafka's: `Misconfigured` where a person has to act, `Retryable` where the world
 * may get better, the error itself otherwise. `doing` completes “could not …”.
 */
export function failureOf(error: unknown, doing: string): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  const message = `Kafka: could not ${doing}: ${(error as Error).message}`;
  const own = ownFixes[code];
  if (own) return new Misconfigured(message, { ...own, cause: error });
  const name = names[code];
  const fix = fixes[name ?? ''];
  if (name && fix)
    return new Misconfigured(message, {
      code: `kafka-${name.toLowerCase().replaceAll('_', '-')}`,
      fix,
      cause: error,
    });
  if (!transient.has(code)) return error;
  const kind = code < 0 ? 'kafka-unreachable' : `kafka-error-${code}`;
  return new Retryable(message, { code: kind, cause: error });
}

/** Runs a call of librdkafka and throws the project's errors in place of its own. */
export async function calling<Result>(doing: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw failureOf(error, doing);
  }
}

/** An error that librdkafka put into a result instead of throwing it. */
export function reported(found: { readonly code: number; readonly message: string }): Error {
  return Object.assign(new Error(found.message), { code: found.code });
}
