// The Kafka settings as the client wants them: no login is no key, not a null.
import type { KafkaOptions } from '../../connectors/kafka/client.ts';
import type { SettingValues } from './settings.ts';

type Login = NonNullable<KafkaOptions['sasl']>;

/** Brokers, name, TLS and login of the client. */
export function kafkaConnection({ brokers, clientId, tls, sasl }: SettingValues['kafka']): KafkaOptions {
  const { mechanism, username, password } = sasl;
  if (mechanism === null || username === null || password === null) return { brokers, clientId, tls };
  return { brokers, clientId, tls, sasl: { mechanism, username, password } as Login };
}
