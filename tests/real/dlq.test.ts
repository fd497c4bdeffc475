// Redriving on real Kafka: records of its own go back once, by two redrives over connections of their own at the same time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadLetterOf } from '../../connectors/dead-letters.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { kafkaConnection } from '../../streams/configuration/kafka-connection.ts';
import { type Fate, redrive } from '../../streams/dead-letters/redrive.ts';
import { redriveHeaders } from '../../streams/dead-letters/republication.ts';
import { openStack, type Stack } from '../../streams/stack.ts';
import { recordOf, scratchDirectory } from '../e2e/running.ts';
import { kafkaBrokers } from './addresses.ts';

const configurationOf = (directory: string) =>
  loadConfiguration({
    env: {
      MILLRACE_DATA_DIRECTORY: directory,
      MILLRACE_LOG_LEVEL: 'error',
      KAFKA_BROKERS: kafkaBrokers().join(','),
    },
  });

/** Offsets that no record of the topic has yet, and that no other run of this test names. */
const originBase = Date.now() * 1_000;

async function publishLetters({ log, wire, now }: Stack, count: number): Promise<string[]> {
  const letters = Array.from({ length: count }, (_, index) =>
    deadLetterOf({
      stage: 'test',
      topic: 'feedback',
      partition: 0,
      record: {
        ...recordOf({ messageId: `m${index}`, task: 'toxicity' }, `m${index}`),
        offset: originBase + index,
      },
      code: 'unknown-schema',
      reason: 'made by a test',
    }),
  );
  await log.publish([{ topic: 'dead-letters', records: wire.encode('dead-letters', letters, now()) }]);
  return letters.map(({ id }) => id);
}

async function redriven(stack: Stack, ids: readonly string[]): Promise<Fate[]> {
  const fates: Fate[] = [];
  await redrive(stack, {
    filter: { ids: new Set(ids) },
    isDry: false,
    attemptsMax: 3,
    force: false,
    signal: AbortSignal.timeout(200_000),
    onLetter: (fate) => fates.push(fate),
    onProgress: () => {},
  });
  return fates;
}

test('letters go back to Kafka once, however many ask at the same time', { timeout: 300_000 }, async () => {
  const directory = scratchDirectory();
  const configuration = configurationOf(directory.path);
  const stack = await openStack(configuration, async () => 1);
  const other = await openKafkaLog(kafkaConnection(configuration.kafka));
  try {
    const stacks = [stack, { ...stack, log: other }];
    const before = await stack.log.ranges(['feedback']);
    const ids = await publishLetters(stack, 1_200);
    const runs = await Promise.all(stacks.map((each) => redriven(each, ids)));
    const sent = runs.flat().filter(({ kind }) => kind === 'sent');
    assert.equal(sent.length, 1_200);
    assert.equal(runs.flat().length, 2_400);
    const after = await stack.log.ranges(['feedback']);
    const [from, to] = [before, after].map(
      (ranges) => new Map(ranges.map(({ partition, end }) => [partition, end])),
    );
    const arrived = new Map<string, number>();
    for await (const { records } of stack.log.read('feedback', { from: from!, to: to! }))
      for (const { headers } of records) {
        const letter = headers[redriveHeaders.letter]?.toString() ?? '';
        arrived.set(letter, (arrived.get(letter) ?? 0) + 1);
      }
    assert.deepEqual(new Set(ids.map((id) => arrived.get(id))), new Set([1]));
  } finally {
    await other.close();
    await stack.close();
    directory.remove();
  }
});
