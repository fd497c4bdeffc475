// Settings of the doors: what contradicts, secrets from files, and that no secret is ever repeated.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withoutSecrets } from '../../../connectors/secret-text.ts';
import { Misconfigured } from '../../../schemas/errors.ts';
import { describeConfiguration, loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { comesFromFile, eachSetting } from '../../../streams/configuration/setting.ts';
import { settings } from '../../../streams/configuration/settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-doors-'));
after(() => rmSync(directory, { recursive: true }));
const secretFile = (name: string, content: string): string => {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
};

function refusal(env: Record<string, string>): string {
  try {
    loadConfiguration({ env });
  } catch (error) {
    assert.ok(error instanceof Misconfigured, String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: `nothing is refused of ${JSON.stringify(env)}` });
}

describe('secrets from files', () => {
  it('are read for every secret and every address, without the newline at their end', () => {
    const env = {
      CLICKHOUSE_PASSWORD_FILE: secretFile('clickhouse', 'hush hush\n'),
      REDIS_URL_FILE: secretFile('redis', 'redis://user:hush@cache:6379\r\n'),
      HTTP_JWKS_URL: '',
    };
    const configuration = loadConfiguration({ env });
    assert.equal(configuration.clickhouse.password, 'hush hush');
    assert.equal(configuration.redis.url, 'redis://user:hush@cache:6379');
    assert.equal(configuration.origins['redis.url'], 'env REDIS_URL_FILE');
    assert.ok(!JSON.stringify(describeConfiguration(configuration)).includes('hush'));
    const variables = [...eachSetting(settings)].filter(([, setting]) => comesFromFile(setting));
    for (const name of [
      'KAFKA_SASL_PASSWORD',
      'SCHEMA_REGISTRY_PASSWORD',
      'CLICKHOUSE_URL',
      'SCHEMA_REGISTRY_URL',
    ])
      assert.ok(
        variables.some(([, { variable }]) => variable === name),
        name,
      );
  });

  it('win over the configuration file, not over their variable', () => {
    const file = secretFile('millrace.yaml', 'redis:\n  url: redis://from-yaml:6379\n');
    const env = { REDIS_URL_FILE: secretFile('other', 'redis://from-file:6379') };
    assert.equal(loadConfiguration({ env, file }).redis.url, 'redis://from-file:6379');
    const twice = refusal({ ...env, REDIS_URL: 'redis://user:hush@twice:6379' });
    assert.match(
      twice,
      /env REDIS_URL, env REDIS_URL_FILE: the value is given twice\. Unset REDIS_URL or REDIS_URL_FILE/,
    );
    assert.ok(!twice.includes('hush'));
  });

  it('that cannot be read, or hold nothing, are problems with place and fix', () => {
    mkdirSync(join(directory, 'folder'));
    const wrong = [join(directory, 'missing'), join(directory, 'folder'), secretFile('empty', '\n')];
    for (const file of wrong)
      assert.match(
        refusal({ CLICKHOUSE_PASSWORD_FILE: file }),
        /env CLICKHOUSE_PASSWORD_FILE: .* or set CLICKHOUSE_PASSWORD/,
      );
    const bad = refusal({ REDIS_URL_FILE: secretFile('bad', 'redis://user:hush@cache:no-port') });
    assert.match(bad, /env REDIS_URL_FILE: redis\.url has to be an address/);
    assert.ok(!bad.includes('hush'), bad);
  });
});

describe('doors that contradict themselves', () => {
  it('are refused before anything opens', () => {
    const refused: readonly (readonly [Record<string, string>, RegExp])[] = [
      [
        { HTTP_TLS_CERT_FILE: 'a.pem' },
        /HTTP_TLS_CERT_FILE: there is a certificate or its key, but not both/,
      ],
      [{ HTTP_JWKS_URL: 'https://i.example/jwks' }, /tokens of any issuer or for any audience/],
      [
        { HTTP_JWKS_URL: 'https://i.example/jwks', HTTP_JWT_ISSUER: 'i' },
        /tokens of any issuer or for any audience/,
      ],
      [{ HTTP_JWT_AUDIENCE: 'millrace' }, /no keys to check tokens with/],
      [
        { HTTP_JWKS_URL: 'http://i.example/jwks', HTTP_JWT_ISSUER: 'i', HTTP_JWT_AUDIENCE: 'm' },
        /plain http can be exchanged/,
      ],
      [{ HTTP_HEADERS_TIMEOUT_MS: '40s' }, /the headers of a request may take longer/],
      [{ MILLRACE_REDACT: 'email,fax' }, /redact has to be a list of email, phone, card, ip/],
    ];
    for (const [env, message] of refused) assert.match(refusal(env), message);
    const env = { HTTP_JWKS_URL: 'http://127.0.0.1:9/jwks', HTTP_JWT_ISSUER: 'i', HTTP_JWT_AUDIENCE: 'm' };
    assert.equal(loadConfiguration({ env }).http.jwtTenantClaim, 'tenant');
    assert.deepEqual(loadConfiguration({ env: { MILLRACE_REDACT: 'email, ip' } }).redact, ['email', 'ip']);
  });
});

describe('secrets in texts', () => {
  it('are blotted out, whatever is in them', () => {
    const shown: readonly (readonly [string, string])[] = [
      ['redis://user:hush@cache:6379', 'redis://user:***@cache:6379'],
      ['redis://:hu@sh@cache', 'redis://:***@cache'],
      ['to http://u:hu/sh@host:80/x failed', 'to http://u:***@host:80/x failed'],
      ['https://x.example/a?user=u&password=hush&b=1', 'https://x.example/a?user=u&password=***&b=1'],
      ['https://x.example/a?access_token=hush', 'https://x.example/a?access_token=***'],
      [`mr_0123456789ab_${'h'.repeat(43)} was used`, 'mr_0123456789ab_*** was used'],
      ['authorization: Bearer aaaa.bbbb.cccc', 'authorization: Bearer ***'],
      [
        'nothing: http://host:8123/path and jane@example.com',
        'nothing: http://host:8123/path and jane@example.com',
      ],
    ];
    for (const [text, expected] of shown) assert.equal(withoutSecrets(text), expected);
    const long = `redis://user:${'hush'.repeat(40)}@cache:no-port`;
    assert.ok(!refusal({ REDIS_URL: long }).includes('hush'));
    const line = JSON.stringify({ url: 'http://u:hush@h', mail: 'a@b', n: 1 });
    assert.deepEqual(JSON.parse(withoutSecrets(line)), { url: 'http://u:***@h', mail: 'a@b', n: 1 });
  });
});
