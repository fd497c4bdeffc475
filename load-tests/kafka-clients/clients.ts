// The clients that are compared, as logs: kafkajs with our record batch codec and with its own, librdkafka, and
// librdkafka's producer with kafkajs's consumer.
import type { KafkaOptions } from '../../connectors/kafka/client.ts';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import type { Log } from '../../connectors/log.ts';

export const clients = ['kafkajs', 'stock', 'librdkafka', 'mixed'] as const;
export type ClientName = (typeof clients)[number];

export async function openClient(client: ClientName, options: KafkaOptions): Promise<Log> {
  if (client === 'kafkajs') return openKafkaLog(options);
  if (client === 'stock') return openKafkaLog({ ...options, codec: 'stock' });
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
