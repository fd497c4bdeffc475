// A real S3 server (S3_ENDPOINT) that checks signatures and rights: what each wrong login is called, and its fix.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AwsClient } from 'aws4fetch';
import { openModelStore } from '../../connectors/model-store.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { madeRelease } from '../contract/model-store.ts';
import { s3Endpoint } from './addresses.ts';

const bucket = `login-${randomUUID()}`;
const nobody = { accessKeyId: 'testing', secretAccessKey: 'testing', region: 'us-east-1' };

/** From now on (0) or never (Infinity) the server asks who it is. moto’s own switch. */
const askWho = async (from: number): Promise<void> => {
  const response = await fetch(`${s3Endpoint()}/moto-api/reset-auth`, { method: 'POST', body: String(from) });
  assert.ok(response.ok);
};

/** A user with rights on the bucket’s objects and its list, through IAM’s API. */
async function makeUser(actions: readonly string[]) {
  const iam = new AwsClient({ ...nobody, service: 'iam' });
  const call = async (parameters: Record<string, string>): Promise<string> => {
    const body = new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await iam.fetch(`${s3Endpoint()}/`, { method: 'POST', headers, body });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text;
  };
  const UserName = randomUUID();
  await call({ Action: 'CreateUser', UserName });
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
  });
  await call({ Action: 'PutUserPolicy', UserName, PolicyName: 'models', PolicyDocument });
  const made = await call({ Action: 'CreateAccessKey', UserName });
  const take = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(made)![1]!;
  return { accessKeyId: take('AccessKeyId'), secretAccessKey: take('SecretAccessKey') };
}

/** Registers the tests. They change the whole server, and so have to run in one file with all others that use it. */
export function describeLogin(): void {
  describe('a server that asks who it is', () => {
    let writer: { readonly accessKeyId: string; readonly secretAccessKey: string };
    let stranger: typeof writer;
    before(async () => {
      const client = new AwsClient({ ...nobody, service: 's3' });
      assert.ok((await client.fetch(`${s3Endpoint()}/${bucket}`, { method: 'PUT' })).ok);
      writer = await makeUser(['s3:ListBucket', 's3:GetObject', 's3:PutObject']);
      stranger = await makeUser(['sqs:*']);
      await askWho(0);
    });
    after(() => askWho(Number.POSITIVE_INFINITY));

    const open = (login: typeof writer) =>
      openModelStore(`s3://${bucket}/team a/é+&=(1)`, {
        access: { endpoint: s3Endpoint(), region: 'us-east-1', sessionToken: null, ...login },
      });
    const refused = (login: typeof writer, fix: RegExp) =>
      assert.rejects(open(login).list(), (error) => {
        assert.ok(error instanceof Misconfigured, String(error));
        assert.equal(error.code, 'bucket-login');
        assert.match(error.fix, fix);
        assert.doesNotMatch(error.message, new RegExp(login.secretAccessKey.replaceAll(/[^\w]/g, '.')));
        return true;
      });

    it('takes our signatures, of odd keys and conditional writes too', async () => {
      const store = open(writer);
      assert.equal(await store.publish(madeRelease('mood', '1.0.0')), true);
      await store.changeAliases('mood', () => ({ champion: '1.0.0' }), { by: 'tester', why: '' });
      await store.changeAliases('mood', () => ({ champion: null }), { by: 'tester', why: '' });
      assert.equal((await store.load('mood')).manifest.version, '1.0.0');
      assert.deepEqual(
        (await store.list()).map(({ release }) => release),
        ['mood@1.0.0'],
      );
    });

    it('is told apart by what is wrong: the key, the secret, the rights', async () => {
      await refused(
        { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'secret of nobody' },
        /does not know AWS_ACCESS_KEY_ID/,
      );
      await refused({ ...writer, secretAccessKey: 'wrong' }, /AWS_SECRET_ACCESS_KEY does not belong/);
      await refused(stranger, /Allow this key/);
    });
  });
}
