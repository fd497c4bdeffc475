// The clients that are compared, as logs: either library alone, and librdkafka's producer with kafkajs's consumer.
import type { KafkaOptions } from '../../connectors/kafka/client.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import type { Log } from '../../connectors/log.ts';

export const clients = ['kafkajs', 'librdkafka', 'mixed'] as const;
export type ClientName = (typeof clients)[number];

export async function openClient(client: ClientName, options: KafkaOptions): Promise<Log> {
  if (client === 'kafkajs') return openKafkaLog(options);
  if (client === 'librdkafka') return openLibrdkafkaLog(options);
  const [consuming, producing] = [await openKafkaLog(options), await openLibrdkafkaLog(options)];
  return {
    ...consuming,
    publish: (batches) => producing.publish(batches),
    async close() {
      await consuming.close();
      await producing.close();
    },
  };
}
