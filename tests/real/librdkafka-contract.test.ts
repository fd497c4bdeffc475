// The log contract on a real Kafka broker (KAFKA_BROKERS), through librdkafka. Its native module has to be built: without
// it these tests fail.
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import { describeLog } from '../contract/log.ts';
import { kafkaBrokers } from './addresses.ts';

const open = () => openLibrdkafkaLog({ brokers: kafkaBrokers(), clientId: 'millrace-contract' });

describeLog('Kafka through librdkafka', async () => {
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
