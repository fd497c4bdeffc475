// The log contract on a real Kafka broker (KAFKA_BROKERS).
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { describeLog } from '../contract/log.ts';
import { kafkaBrokers } from './addresses.ts';

const open = () => openKafkaLog({ brokers: kafkaBrokers(), clientId: 'millrace-contract' });

describeLog('Kafka', async () => {
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
