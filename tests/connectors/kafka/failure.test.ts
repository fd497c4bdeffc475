// What kafkajs throws, and what it becomes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import kafkajs from 'kafkajs';
import { failureOf, isFencing, isRebalancing } from '../../../connectors/kafka/failure.ts';
import { openKafkaLog } from '../../../connectors/kafka/log.ts';
import { Misconfigured, Retryable } from '../../../schemas/errors.ts';

const {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
} = kafkajs;

function protocolError(type: string, retriable: boolean): Error {
  const error = Object.assign(new Error(`the broker said ${type}`), { type, code: 1, retriable });
  return new KafkaJSProtocolError(error as unknown as string);
}

describe('failures of the Kafka client', () => {
  it('are retryable when the world may get better, however deep kafkajs wrapped them', () => {
    const refused = new KafkaJSConnectionError('connect ECONNREFUSED', {});
    const exceeded = new KafkaJSNumberOfRetriesExceeded(refused, { retryCount: 5, retryTime: 100 });
    for (const error of [refused, exceeded, protocolError('LEADER_NOT_AVAILABLE', true)])
      assert.ok(failureOf(error, 'publish') instanceof Retryable, error.name);
    const failure = failureOf(protocolError('OUT_OF_ORDER_SEQUENCE_NUMBER', false), 'publish') as Retryable;
    assert.deepEqual([failure.name, failure.code], ['Retryable', 'kafka-out-of-order-sequence-number']);
    assert.match(failure.message, /could not publish: the broker said/);
  });

  it('are misconfigurations with a fix when a person has to act', () => {
    const tooLarge = protocolError('MESSAGE_TOO_LARGE', false);
    const wrapped = Object.assign(new KafkaJSNonRetriableError(tooLarge), { cause: tooLarge });
    const failure = failureOf(wrapped, 'publish') as Misconfigured;
    assert.ok(failure instanceof Misconfigured);
    assert.equal(failure.code, 'kafka-message-too-large');
    assert.match(failure.fix, /max\.message\.bytes/);
  });

  it('stay what they are when kafkajs did not throw them', () => {
    const bug = new TypeError('a bug');
    assert.equal(failureOf(bug, 'publish'), bug);
    assert.equal(failureOf('text', 'publish'), 'text');
  });

  it('tell being out of the group from a rebalance that has begun', () => {
    for (const type of ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID'])
      assert.deepEqual(
        [isFencing(protocolError(type, false)), isRebalancing(protocolError(type, false))],
        [true, false],
      );
    const begun = protocolError('REBALANCE_IN_PROGRESS', false);
    assert.deepEqual([isFencing(begun), isRebalancing(begun)], [false, true]);
  });

  it('name the brokers that do not answer', async () => {
    const opening = openKafkaLog({ brokers: ['127.0.0.1:1', '127.0.0.1:2'], clientId: 'test' });
    await assert.rejects(opening, (error: unknown) => {
      assert.ok(error instanceof Retryable);
      assert.equal(error.code, 'kafka-unreachable');
      assert.match(error.message, /127\.0\.0\.1:1, 127\.0\.0\.1:2/);
      return true;
    });
  });
});
