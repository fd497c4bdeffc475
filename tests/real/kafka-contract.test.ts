// The log contract on a real Kafka broker (KAFKA_BROKERS), through either client, and through kafkajs with either codec.
// The native module of librdkafka has to be built: without it its tests fail.
import type { KafkaOptions } from '../../connectors/kafka/client.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import { describeLog } from '../contract/log.ts';
import { kafkaBrokers } from './addresses.ts';

const clients = {
  'kafkajs, own codec': openKafkaLog,
  'kafkajs, stock codec': (options: KafkaOptions) => openKafkaLog({ ...options, codec: 'stock' }),
  librdkafka: openLibrdkafkaLog,
};

for (const [client, openLog] of Object.entries(clients)) {
  const open = () => openLog({ brokers: kafkaBrokers(), clientId: 'millrace-contract' });
  describeLog(`Kafka through ${client}`, async () => {
    let log = await open();
    return {
      log,
      reopen: async () => {
        await log.close();
        log = await open();
        return log;
      },
      close: () => log.close(),
    };
  });
}
