// The Kafka settings as the client wants them: no login is no key, not a null; certificates are texts, not files.
import type { KafkaOptions } from '../../connectors/kafka/client.ts';
import type { SettingValues } from './settings.ts';
import { readTlsFiles } from './tls-files.ts';

type Login = NonNullable<KafkaOptions['sasl']>;

/** Brokers, name, TLS and login of the client. Reads the certificates that are named. */
export function kafkaConnection(settings: SettingValues['kafka']): KafkaOptions {
  const { brokers, clientId, codec, sasl } = settings;
  const tls = settings.tls && tlsOf(settings);
  const { mechanism, username, password } = sasl;
  if (mechanism === null || username === null || password === null) return { brokers, clientId, codec, tls };
  return { brokers, clientId, codec, tls, sasl: { mechanism, username, password } as Login };
}

function tlsOf(settings: SettingValues['kafka']): NonNullable<KafkaOptions['tls']> {
  const files = readTlsFiles(settings);
  return Object.keys(files).length > 0 ? files : true;
}
