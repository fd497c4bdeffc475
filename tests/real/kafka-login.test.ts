// Logging in to a real broker that wants it, started here beside the one of KAFKA_BROKERS: SCRAM and plain over TLS,
// client certificates, and what is said when something of it is wrong.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { openKafkaLog } from '../../connectors/kafka/log.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { kafkaConnection } from '../../streams/configuration/kafka-connection.ts';
import { newName, reached, subscribing, textOf, texts } from '../contract/log/subject.ts';

const port = 29_140;
const mutualPort = port + 2;
const data = mkdtempSync(join(tmpdir(), 'millrace-login-'));
const root = fileURLToPath(new URL('../..', import.meta.url));
let login: Readonly<Record<string, string>>;

/** Runs `npm run kafka`; resolves to what it printed. */
function kafka(...args: readonly string[]): Promise<string> {
  const command = [
    'infra/compiled.mjs',
    'infra/kafka/kafka.ts',
    ...args,
    '--port',
    String(port),
    '--data',
    data,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        printed += piece.toString('utf8');
      });
    child.on('exit', (code) => (code === 0 ? resolve(printed) : reject(new Error(printed))));
  });
}

before(async () => {
  const ready = /ready: (.*)/.exec(await kafka('up', '--secure'))?.[1] ?? '';
  login = Object.fromEntries(ready.split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
});
after(async () => {
  await kafka('down');
  rmSync(data, { recursive: true, force: true });
});

const optionsOf = (env: Readonly<Record<string, string>>) =>
  kafkaConnection(loadConfiguration({ env }).kafka);

/** Publishes, reads in a group and commits. */
async function work(env: Readonly<Record<string, string>>): Promise<void> {
  const log = await openKafkaLog(optionsOf(env));
  try {
    const [topic, group] = [newName('login'), newName('g')];
    await log.createTopics([{ name: topic, partitions: 1 }]);
    await log.publish([{ topic, records: texts('m', 3) }]);
    const seen: string[] = [];
    const subscription = await log.subscribe(subscribing(group, topic), async (batch) => {
      seen.push(...batch.records.map(textOf));
      await batch.commit(batch.end, 'done');
    });
    await reached(() => seen.length === 3);
    await subscription.close();
    assert.equal((await log.positions(group, [topic]))[0]?.offset, 3);
  } finally {
    await log.close();
  }
}

/** What is said when nobody gets in, with every line that the client logs; checked for the password. */
async function refusal(env: Readonly<Record<string, string>>): Promise<Error> {
  const lines: unknown[] = [];
  const options = {
    ...optionsOf(env),
    logger: (...line: readonly unknown[]) => void lines.push(line),
  };
  const error = await openKafkaLog(options).then(
    () => assert.fail('the broker let it in'),
    (thrown: Error) => thrown,
  );
  const said = inspect({ error, lines }, { depth: 10, showHidden: true });
  assert.ok(!said.includes(env.KAFKA_SASL_PASSWORD ?? 'no password'), said);
  return error;
}

describe('a broker that wants a login', { timeout: 120_000 }, () => {
  for (const mechanism of ['scram-sha-512', 'scram-sha-256', 'plain'])
    it(`lets ${mechanism} over TLS in`, () => work({ ...login, KAFKA_SASL_MECHANISM: mechanism }));

  for (const mechanism of ['scram-sha-512', 'plain'])
    it(`refuses a wrong password with ${mechanism}`, async () => {
      const wrong = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_PASSWORD: 'not-the-password' };
      const error = await refusal({ ...login, ...wrong });
      assert.ok(error instanceof Misconfigured, inspect(error));
      assert.equal(error.code, 'kafka-authentication');
    });

  it('is refused when its authority is unknown', async () => {
    const { KAFKA_TLS_CA_FILE: _file, ...unknown } = login;
    const error = await refusal(unknown);
    assert.ok(error instanceof Misconfigured, inspect(error));
    assert.equal(error.code, 'kafka-tls');
    assert.match(error.fix, /KAFKA_TLS_CA_FILE/);
  });

  it('says who does not answer when it is spoken to without TLS', async () => {
    const { KAFKA_BROKERS = '' } = login;
    const error = await refusal({ KAFKA_BROKERS });
    assert.ok(error instanceof Retryable && error.message.includes(KAFKA_BROKERS), inspect(error));
  });
});

describe('a broker that wants a certificate', { timeout: 120_000 }, () => {
  const own = () => ({
    KAFKA_BROKERS: `127.0.0.1:${mutualPort}`,
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA_FILE: login.KAFKA_TLS_CA_FILE!,
  });
  const certificate = {
    KAFKA_TLS_CERT_FILE: join(data, 'login/client.pem'),
    KAFKA_TLS_KEY_FILE: join(data, 'login/client.key'),
  };

  it('lets it in', () => work({ ...own(), ...certificate }));

  it('refuses who has none', async () => {
    const error = await refusal(own());
    assert.ok(error instanceof Misconfigured, inspect(error));
    assert.equal(error.code, 'kafka-tls');
  });

  it('is not asked with files that are no use', () => {
    const refused = (env: Readonly<Record<string, string>>, message: RegExp) =>
      assert.throws(() => loadConfiguration({ env: { ...own(), ...certificate, ...env } }), {
        name: 'Misconfigured',
        message,
      });
    refused(
      { KAFKA_TLS_CA_FILE: join(data, 'absent') },
      /env KAFKA_TLS_CA_FILE: cannot read .*absent: ENOENT/,
    );
    refused({ KAFKA_TLS_CERT_FILE: certificate.KAFKA_TLS_KEY_FILE }, /CERT_FILE: .* no certificate in PEM/);
    refused({ KAFKA_TLS_KEY_FILE: certificate.KAFKA_TLS_CERT_FILE }, /KEY_FILE: .* no private key in PEM/);
    refused({ KAFKA_TLS_KEY_FILE: join(data, 'login/ca.key') }, /KEY_FILE: the key in .* is not that of/);
    refused({ KAFKA_TLS_KEY_FILE: '' }, /not both/);
    refused({ KAFKA_TLS: 'false' }, /TLS is not on/);
  });
});
