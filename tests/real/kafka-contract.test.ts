// The log contract on a real Kafka broker (KAFKA_BROKERS), through either client. The native module of librdkafka has to
// be built: without it its tests fail.
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import { describeLog } from '../contract/log.ts';
import { kafkaBrokers } from './addresses.ts';

for (const [client, openLog] of Object.entries({ kafkajs: openKafkaLog, librdkafka: openLibrdkafkaLog })) {
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
