// What contradicts itself in the settings of transactions and of certificates, found before anything is opened.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { kafkaConnection } from '../../../streams/configuration/kafka-connection.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-checks-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const brokers = { KAFKA_BROKERS: 'localhost:9092' };
const refused = (env: Readonly<Record<string, string>>, message: RegExp): void =>
  assert.throws(() => loadConfiguration({ env }), { name: 'Misconfigured', message });

it('transactions need brokers and a client that has them', () => {
  const transactions = { MILLRACE_EXACTLY_ONCE: 'kafka' };
  refused(transactions, /env MILLRACE_EXACTLY_ONCE: .* no brokers are set.* Set KAFKA_BROKERS/);
  refused(
    { ...brokers, ...transactions, KAFKA_CLIENT: 'librdkafka' },
    /EXACTLY_ONCE, env KAFKA_CLIENT: .* Set KAFKA_CLIENT=kafkajs/,
  );
  assert.equal(loadConfiguration({ env: { ...brokers, ...transactions } }).exactlyOnce, 'kafka');
});

it('certificates are there, are certificates, come with their key, and are not for nothing', () => {
  const file = join(directory, 'secret-looking.pem');
  writeFileSync(file, 'no certificate, but perhaps hunter2');
  const tls = { ...brokers, KAFKA_TLS: 'true' };
  const absent = join(directory, 'absent.pem');
  refused({ ...tls, KAFKA_TLS_CA_FILE: absent }, /env KAFKA_TLS_CA_FILE: cannot read .*absent\.pem: ENOENT/);
  refused({ ...tls, KAFKA_TLS_CA_FILE: file }, /secret-looking\.pem holds no certificate(?!.*hunter2)/s);
  refused({ ...tls, KAFKA_TLS_CERT_FILE: file }, /but not both/);
  refused({ ...tls, KAFKA_TLS_CERT_FILE: file, KAFKA_TLS_KEY_FILE: file }, /no certificate.*no private key/);
  refused({ ...brokers, KAFKA_TLS_CA_FILE: absent }, /TLS is not on/);
});

it('without files TLS trusts whom Node trusts, and without TLS there is none', () => {
  const tlsOf = (env: Readonly<Record<string, string>>) =>
    kafkaConnection(loadConfiguration({ env }).kafka).tls;
  assert.equal(tlsOf({ ...brokers, KAFKA_TLS: 'true' }), true);
  assert.equal(tlsOf(brokers), false);
});
