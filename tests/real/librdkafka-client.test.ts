// What is asked of a Kafka client beyond the log's contract, through librdkafka (KAFKA_BROKERS).
import { openLibrdkafkaLog } from '../../connectors/librdkafka/log.ts';
import { describeKafkaClient } from '../contract/kafka-client.ts';

describeKafkaClient(openLibrdkafkaLog);
