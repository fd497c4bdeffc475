// Loading librdkafka: what is said where its native module is missing, and that nobody else loads it. Shown in processes
// whose module loader does not find the package.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { promisify } from 'node:util';

const hiding = `
  import { register } from 'node:module';
  const hooks = \`export const resolve = (name, context, next) => {
    if (name.startsWith('@confluentinc/')) throw new Error('Cannot find package ' + name);
    return next(name, context);
  };\`;
  register('data:text/javascript,' + encodeURIComponent(hooks));
`;

async function printedWithoutPackage(script: string): Promise<string> {
  const hide = `data:text/javascript,${encodeURIComponent(hiding)}`;
  const args = ['--import', 'tsx', '--import', hide, '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  return stdout.trim();
}

const url = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);

it('says how to build it where it is missing', async () => {
  const printed = await printedWithoutPackage(`
    const { openLibrdkafkaLog } = await import(${url('connectors/librdkafka/log.ts')});
    const error = await openLibrdkafkaLog({ brokers: ['127.0.0.1:1'], clientId: 'test' }).catch((error) => error);
    console.log(JSON.stringify([error.name, error.code, error.fix]));
  `);
  const [name, code, fix] = JSON.parse(printed) as string[];
  assert.deepEqual([name, code], ['Misconfigured', 'kafka-client-missing']);
  assert.match(fix ?? '', /npm rebuild @confluentinc\/kafka-javascript.*KAFKA_CLIENT=kafkajs/);
});

it('is not needed by anybody else', async () => {
  const printed = await printedWithoutPackage(`
    const { openStack } = await import(${url('streams/stack.ts')});
    console.log(typeof openStack);
  `);
  assert.equal(printed, 'function');
});
