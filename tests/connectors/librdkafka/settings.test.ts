// The Kafka options as librdkafka's settings: login and TLS, and what librdkafka cannot do.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KafkaOptions } from '../../../connectors/kafka/client.ts';
import type { Native } from '../../../connectors/librdkafka/native.ts';
import { commonSettings } from '../../../connectors/librdkafka/settings.ts';
import { Misconfigured } from '../../../schemas/errors.ts';

const built = { features: ['ssl', 'sasl_scram', 'zstd'], librdkafkaVersion: '2.15.1' } as unknown as Native;
const bare = { features: [], librdkafkaVersion: '2.15.1' } as unknown as Native;

const settingsOf = (options: Partial<KafkaOptions>, native = built): Record<string, unknown> => ({
  ...commonSettings(native, { brokers: ['one:9092', 'two:9092'], clientId: 'test', ...options }),
});

describe('settings', () => {
  it('speak plainly by default', () => {
    const settings = settingsOf({});
    assert.equal(settings['bootstrap.servers'], 'one:9092,two:9092');
    assert.equal(settings['security.protocol'], 'plaintext');
  });

  it('carry the login and the certificates', () => {
    const login = { mechanism: 'scram-sha-512', username: 'u', password: 'p' } as const;
    const settings = settingsOf({ sasl: login, tls: { ca: 'CA', cert: 'CERT', key: Buffer.from('KEY') } });
    assert.equal(settings['security.protocol'], 'sasl_ssl');
    assert.equal(settings['sasl.mechanisms'], 'SCRAM-SHA-512');
    assert.deepEqual([settings['sasl.username'], settings['sasl.password']], ['u', 'p']);
    assert.deepEqual(
      [settings['ssl.ca.pem'], settings['ssl.certificate.pem'], settings['ssl.key.pem']],
      ['CA', 'CERT', 'KEY'],
    );
    assert.equal(settingsOf({ tls: true })['security.protocol'], 'ssl');
    assert.equal(settingsOf({ sasl: login })['security.protocol'], 'sasl_plaintext');
  });

  it('refuse what librdkafka does not know or was built without', () => {
    const refuses = (options: Partial<KafkaOptions>, native?: Native) =>
      assert.throws(() => settingsOf(options, native), Misconfigured);
    refuses({ tls: { servername: 'elsewhere' } });
    refuses({ tls: true }, bare);
    refuses({ sasl: { mechanism: 'scram-sha-256', username: 'u', password: 'p' } }, bare);
    refuses({ compression: 'zstd' }, bare);
  });
});
