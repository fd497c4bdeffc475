// Connections that break when the broker has written a publish and its answer is on the way (KAFKA_BROKERS): kafkajs
// sends the request again, with the same sequence numbers, and the broker tells it for what it is.
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { CodecName } from '../../connectors/kafka/codec.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { allRecords, newName, record, textOf } from '../contract/log/subject.ts';
import { kafkaBrokers } from './addresses.ts';

const publishes = 40;
const recordsEach = 50;
const codecs: readonly CodecName[] = ['own', 'stock'];

/** Every connection that this process opens. */
const sockets = new Set<Socket>();
diagnostics.subscribe('net.client.socket', (message) => sockets.add((message as { socket: Socket }).socket));

/** Breaks each open connection when the next answer comes over it, which nobody gets to see. */
function loseNextAnswers(): () => number {
  let lost = 0;
  for (const socket of sockets) {
    if (socket.destroyed) sockets.delete(socket);
    else {
      socket.removeAllListeners('data');
      socket.once('data', () => {
        lost += 1;
        socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      });
    }
  }
  return () => lost;
}

describe('publishes whose answers are lost', { timeout: 120_000 }, () => {
  for (const codec of codecs)
    it(`are there once, in their order, with the ${codec} codec`, async () => {
      const log = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'test', codec });
      const topic = newName('lost-answers');
      await log.createTopics([{ name: topic, partitions: 2 }]);
      let lost = 0;
      for (let n = 0; n < publishes; n++) {
        const counted = n % 4 === 3 ? loseNextAnswers() : () => 0;
        const texts = Array.from({ length: recordsEach }, (_, index) => n * recordsEach + index);
        await log.publish([{ topic, records: texts.map((text) => record(`k${text % 9}`, String(text))) }]);
        lost += counted();
      }
      assert.ok(lost >= publishes / 4, `only ${lost} answers were lost`);
      await log.close();
      const reading = await openKafkaLog({ brokers: kafkaBrokers(), clientId: 'test' });
      const found = await allRecords(reading, topic);
      await reading.close();
      for (const partition of [0, 1]) {
        const numbers = found.filter(([place]) => place === partition).map(([, one]) => Number(textOf(one)));
        assert.deepEqual(
          numbers,
          numbers.toSorted((a, b) => a - b),
        );
      }
      assert.equal(new Set(found.map(([, one]) => textOf(one))).size, publishes * recordsEach);
      assert.equal(found.length, publishes * recordsEach);
    });
});
