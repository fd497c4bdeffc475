// The configuration: where values come from, what is refused, and that a refusal says everything at once.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { Misconfigured } from '../../../schemas/errors.ts';
import { describeConfiguration, loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { printReference } from '../../../streams/configuration/reference.ts';
import type { StreamName } from '../../../streams/configuration/settings.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'millrace-configuration-'));
after(() => rmSync(directory, { recursive: true }));

const write = (name: string, ...lines: readonly string[]): string => {
  const file = path.join(directory, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
};

/** The message of the Misconfigured that loading throws. */
function refusal(sources: Parameters<typeof loadConfiguration>[0]): string {
  let message = '';
  assert.throws(
    () => loadConfiguration(sources),
    (error: unknown) => {
      assert.ok(error instanceof Misconfigured, String(error));
      assert.equal(error.code, 'configuration');
      message = error.message;
      return true;
    },
  );
  return message;
}

const jobs = ['drift', 'alerts', 'trainer', 'experiments'];

describe('where values come from', () => {
  it('needs nothing: the defaults are the embedded mode', () => {
    const configuration = loadConfiguration({ env: {} });
    assert.deepEqual(configuration.kafka.brokers, []);
    assert.equal(configuration.clickhouse.url, null);
    assert.equal(configuration.wireFormat, 'avro');
    assert.deepEqual(configuration.streams, ['chain', 'sinks', ...jobs]);
    assert.equal(configuration.loop.inFlightBytesMax, 64 * 1024 * 1024);
    assert.ok(configuration.inference.workers >= 1);
    // Choices are typed as such, not as any text.
    const level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' = configuration.log.level;
    const streams: readonly StreamName[] = configuration.streams;
    assert.deepEqual([level, streams.length], ['info', 6]);
  });

  it('reads variables of every kind', () => {
    const configuration = loadConfiguration({
      env: {
        KAFKA_BROKERS: 'a:9092, b:9092',
        HTTP_PORT: '0',
        MILLRACE_MODE: 'apart',
        MILLRACE_LOG_FSYNC: 'true',
        MILLRACE_SINK_DEADLINE_MS: '2m',
        MILLRACE_CACHE_BYTES_MAX: '1.5MiB',
        MILLRACE_TOXICITY_THRESHOLDS: 'de=0.6, pt-BR=0.7',
        PATH: 'not ours',
      },
    });
    assert.deepEqual(configuration.kafka.brokers, ['a:9092', 'b:9092']);
    assert.equal(configuration.http.port, 0);
    assert.deepEqual(configuration.streams, ['features', 'inference', 'scoring', 'sinks', ...jobs]);
    assert.equal(configuration.log.fsync, true);
    assert.equal(configuration.sink.deadlineMs, 120_000);
    assert.equal(configuration.cache.bytesMax, 1_572_864);
    assert.deepEqual(configuration.scoring.toxicityThresholds, { de: 0.6, 'pt-BR': 0.7 });
    assert.equal(configuration.wireFormat, 'json', 'Kafka without a registry');
  });

  it('lets a file extend another and a variable win over both', () => {
    write('base.yaml', 'http:', '  port: 1000', '  host: 0.0.0.0', 'drift:', '  everyMs: 30s');
    const file = write('site.yaml', 'extends: base.yaml', 'http:', '  port: 2000');
    const configuration = loadConfiguration({ env: { MILLRACE_CONFIG: file, HTTP_HOST: '::1' } });
    assert.equal(configuration.http.port, 2000);
    assert.equal(configuration.http.host, '::1');
    assert.equal(configuration.drift.everyMs, 30_000);
    assert.equal(configuration.origins['http.port'], `${file}:3`);
    assert.equal(configuration.origins['http.host'], 'env HTTP_HOST');
    assert.equal(configuration.origins['drift.everyMs'], `${path.join(directory, 'base.yaml')}:5`);
    assert.equal(configuration.origins.mode, 'default');
  });

  it('substitutes variables, with defaults, typed as the setting wants', () => {
    const file = write(
      'substituted.yaml',
      'kafka:',
      `  clientId: "\${NAME}-$\${x}"`,
      `  partitions: \${PARTITIONS:-7}`,
      `  brokers: ["\${HOST:-h}:1", "i:2"]`,
      'redis:',
      `  url: \${EMPTY:-}`,
      'http: &http',
      `  port: \${PORT}`,
    );
    const configuration = loadConfiguration({ file, env: { NAME: 'n', PORT: '81', EMPTY: '' } });
    assert.equal(configuration.kafka.clientId, `n-\${x}`);
    assert.equal(configuration.kafka.partitions, 7);
    assert.deepEqual(configuration.kafka.brokers, ['h:1', 'i:2']);
    assert.equal(configuration.redis.url, null);
    assert.equal(configuration.http.port, 81);
  });

  it('takes an empty variable as “none” where none is a value, else as not set', () => {
    const file = write('brokers.yaml', 'kafka: { brokers: [a:1] }', 'mode: apart');
    const configuration = loadConfiguration({ file, env: { KAFKA_BROKERS: '', MILLRACE_MODE: '' } });
    assert.deepEqual(configuration.kafka.brokers, []);
    assert.equal(configuration.mode, 'apart');
  });

  it('is frozen through and through', () => {
    const { kafka } = loadConfiguration({ env: { KAFKA_BROKERS: 'a:1' } });
    assert.throws(() => Object.assign(kafka, { clientId: 'x' }), TypeError);
    assert.throws(() => (kafka.brokers as string[]).push('b:2'), TypeError);
  });
});

describe('what is refused', () => {
  it('lists every problem at once, each with place and fix', () => {
    const file = write(
      'wrong.yaml',
      'kafka:',
      '  brokrs: a:1',
      '  partitions: many',
      'http: 80',
      'colour: red',
      'log:',
      `  level: \${LEVEL}`,
    );
    const message = refusal({
      file,
      env: { HTTP_PORT: '70000', MILLRACE_MOED: 'x', MILLRACE_STREAMS: 'sink' },
    });
    const lines = message.split('\n');
    const at = (place: string): string =>
      lines.find((line) => line.startsWith(`  ${place}:`)) ?? assert.fail(place);
    assert.match(lines[0] ?? '', /8 problems/);
    assert.match(at(`${file}:2`), /unknown key `kafka\.brokrs`.*Did you mean `kafka\.brokers`/);
    assert.match(at(`${file}:3`), /kafka\.partitions.*whole number, 1 to 1000, got `many`/);
    assert.match(at(`${file}:4`), /`http` is a section.*host, port/);
    assert.match(at(`${file}:5`), /unknown key `colour`.*Known here: dataDirectory/);
    assert.match(at(`${file}:7`), /variable LEVEL is not set.*\$\{LEVEL:-…\}/);
    assert.match(at('env HTTP_PORT'), /http\.port.*0 to 65535, got `70000`/);
    assert.match(at('env MILLRACE_MOED'), /Did you mean MILLRACE_MODE/);
    assert.match(at('env MILLRACE_STREAMS'), /Did you mean `sinks`/);
    assert.equal(lines.length, 9);
  });

  it('names the line of broken YAML, and a text that is no mapping', () => {
    const broken = write('broken.yaml', 'http:', '  port: [1', 'mode: apart');
    assert.match(refusal({ file: broken, env: {} }), /broken\.yaml:\d+: not YAML/);
    const twice = write('twice.yaml', 'mode: apart', 'mode: chained');
    assert.match(refusal({ file: twice, env: {} }), /twice\.yaml:2: not YAML/);
    const prose = write('prose.yaml', 'just words');
    assert.match(refusal({ file: prose, env: {} }), /prose\.yaml:1: expected `key: value`/);
  });

  it('refuses missing files and circles of `extends`', () => {
    const one = write('one.yaml', 'extends: two.yaml');
    write('two.yaml', 'mode: apart', 'extends: one.yaml');
    assert.match(refusal({ file: one, env: {} }), /two\.yaml:2: .*one\.yaml → two\.yaml → one\.yaml/);
    const orphan = write('orphan.yaml', 'extends: gone.yaml');
    assert.match(refusal({ file: orphan, env: {} }), /orphan\.yaml:1: there is no file .*gone\.yaml/);
    assert.match(
      refusal({ env: { MILLRACE_CONFIG: 'nowhere.yaml' } }),
      /env MILLRACE_CONFIG: there is no file nowhere/,
    );
    assert.match(refusal({ file: directory, env: {} }), /cannot read/);
  });

  it('refuses settings that contradict each other', () => {
    const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'scram-sha-256' }, /needs a user and a password/],
      [{ KAFKA_BROKERS: 'a:1', KAFKA_SASL_USERNAME: 'u' }, /no mechanism/],
      [
        {
          KAFKA_BROKERS: 'kafka.example:1',
          KAFKA_SASL_MECHANISM: 'plain',
          KAFKA_SASL_USERNAME: 'u',
          KAFKA_SASL_PASSWORD: 'p',
        },
        /without TLS/,
      ],
      [{ KAFKA_TLS: 'true' }, /no brokers/],
      [{ KAFKA_BROKERS: 'a:1', MILLRACE_WIRE_FORMAT: 'avro' }, /needs a schema registry/],
      [{ SCHEMA_REGISTRY_USERNAME: 'u' }, /but not both/],
      [{ MILLRACE_STREAMS: 'scoring' }, /chained mode does not run scoring/],
      [{ MILLRACE_MODE: 'apart', MILLRACE_STREAMS: 'chain,sinks' }, /apart mode does not run chain/],
      [{ MILLRACE_LOOP_RETRY_DELAY_MS: '60s' }, /longest pause/],
      [{ MILLRACE_DRIFT_EVERY_MS: '2h' }, /between two drift windows/],
    ];
    for (const [env, pattern] of cases) {
      const message = refusal({ env });
      assert.match(message, pattern);
      assert.match(message, /env [A-Z_]+: /, 'names the variable that was set');
    }
  });

  it('refuses values just outside of their kinds', () => {
    const env = {
      KAFKA_SESSION_TIMEOUT_MS: '5999',
      HTTP_PORT: '80.5',
      KAFKA_BROKERS: 'kafka://a:9092',
      CLICKHOUSE_URL: 'localhost:8123',
      REDIS_URL: 'http://localhost',
      MILLRACE_LOOP_INVALID_SHARE_MAX: '1.1',
      MILLRACE_PUBLISH_FEATURES: 'maybe',
      MILLRACE_TOXICITY_THRESHOLDS: 'de',
      MILLRACE_CACHE_BYTES_MAX: '64parsecs',
    };
    const message = refusal({ env });
    for (const name of Object.keys(env)) assert.match(message, new RegExp(`env ${name}: `));
  });
});

describe('what is shown', () => {
  const env = {
    KAFKA_BROKERS: 'localhost:1',
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: 'u',
    KAFKA_SASL_PASSWORD: 'hunter2',
    REDIS_URL: 'redis://u:hunter2@cache:6379/1',
  };

  it('describes every setting without secrets', () => {
    const rows = describeConfiguration(loadConfiguration({ env }));
    const row = (key: string) => rows.find((entry) => entry.key === key);
    assert.deepEqual(row('kafka.sasl.password'), {
      key: 'kafka.sasl.password',
      variable: 'KAFKA_SASL_PASSWORD',
      value: '***',
      origin: 'env KAFKA_SASL_PASSWORD',
    });
    assert.equal(row('redis.url')?.value, 'redis://u:***@cache:6379/1');
    assert.equal(row('registry.password')?.value, null);
    assert.equal(row('inference.workers')?.origin, 'default');
    assert.doesNotMatch(JSON.stringify(rows), /hunter2/);
  });

  it('repeats no secret in a refusal', () => {
    const file = write('secret.yaml', 'kafka: { sasl: { password: [hunter2] } }');
    const message = refusal({ file, env: { ...env, REDIS_URL: 'http://u:hunter2@cache' } });
    assert.match(message, /kafka\.sasl\.password has to be/);
    assert.match(message, /redis\.url has to be/);
    assert.doesNotMatch(message, /hunter2/);
  });
});

it('docs/configuration.md is what the settings print', () => {
  const file = new URL('../../../docs/configuration.md', import.meta.url);
  assert.equal(readFileSync(file, 'utf8'), printReference(), 'stale: run `npm run generate`');
});
