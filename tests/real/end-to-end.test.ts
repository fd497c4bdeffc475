// The whole system on real Kafka: a plain Kafka client publishes JSON and sees its score, with and without a registry.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { scratchDirectory, startRunning } from '../e2e/running.ts';
import { kafkaBrokers, registryUrl } from './addresses.ts';

/** Runs kcat with the given arguments and input; resolves to what it printed. */
function kcat(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', ['-b', kafkaBrokers().join(','), '-q', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (piece: Buffer) => {
      printed += piece.toString('utf8');
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve(printed) : reject(new Error(`kcat ended with code ${code}`)),
    );
    child.stdin.end(input);
  });
}

async function scoreOfKcat(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly topic: string; readonly row: unknown }> {
  const id = `kcat-${process.pid}-${Date.now()}`;
  const directory = scratchDirectory();
  const running = await startRunning(directory.path, { KAFKA_BROKERS: kafkaBrokers().join(','), ...env });
  try {
    await kcat(
      ['-P', '-t', 'comments'],
      `${JSON.stringify({ id, text: 'Das ist ja wunderbar, vielen Dank!' })}\n`,
    );
    await running.settled();
    const [row] = await running.stack.clickhouse.query(
      'SELECT language, sentiment, toxic FROM scores WHERE messageId = {id:String}',
      { id },
    );
    return {
      row,
      topic: await kcat(['-C', '-t', 'scores', '-o', 'beginning', '-e', '-f', `%k ${id} %s\\n`]),
    };
  } finally {
    await running.close();
    directory.remove();
  }
}

test('kcat publishes a JSON comment and reads its score as JSON, without a registry', async () => {
  const { row, topic } = await scoreOfKcat({});
  assert.ok(row, 'no row in scores');
  const line = topic.split('\n').find((each) => each.split(' ')[0] === each.split(' ')[1]);
  assert.ok(line, 'no score on the topic');
  const score = JSON.parse(line.split(' ').slice(2).join(' ')) as { language: string; messageId: string };
  assert.equal(score.language, 'de');
});

test('with a registry the score is Avro, framed as Confluent does', async () => {
  const { row, topic } = await scoreOfKcat({ SCHEMA_REGISTRY_URL: registryUrl() });
  assert.deepEqual(row, {
    language: 'de',
    sentiment: (row as { sentiment: string }).sentiment,
    toxic: false,
  });
  const line = topic.split('\n').find((each) => each.split(' ')[0] === each.split(' ')[1]);
  assert.ok(line, 'no score on the topic');
  assert.equal(line.split(' ')[2]!.charCodeAt(0), 0);
});
