// What is asked of a Kafka client beyond the log’s contract, through kafkajs with its own codec (KAFKA_BROKERS).
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { describeKafkaClient } from '../contract/kafka-client.ts';

describeKafkaClient((options) => openKafkaLog({ ...options, codec: 'stock' }));
