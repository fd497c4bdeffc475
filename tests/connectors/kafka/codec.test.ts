// When our codec may be put into kafkajs, and that only the client it was put into has it.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import kafkajs, { type Kafka } from 'kafkajs';
import { kafkaClients } from '../../../connectors/kafka/client.ts';
import { clusterOf, codecObstacle } from '../../../connectors/kafka/codec.ts';

const options = { brokers: ['127.0.0.1:1'], clientId: 'test' };

it('fits the kafkajs that is installed, and says what it does not fit', () => {
  assert.equal(codecObstacle(new kafkajs.Kafka({ ...options, logLevel: kafkajs.logLevel.NOTHING })), null);
  assert.equal(codecObstacle({} as Kafka), 'kafkajs is not as it was');
});

it('is in the clients that are to have it, and in no other', async () => {
  const [own, stock] = [await kafkaClients(options), await kafkaClients({ ...options, codec: 'stock' })];
  assert.deepEqual([own.codec, stock.codec], ['own', 'stock']);
  assert.ok(clusterOf(own({}).producer()));
  assert.equal(clusterOf(stock({}).producer()), undefined);
});
