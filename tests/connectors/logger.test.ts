// Logs: what a line holds, what it hides, and that a reader who leaves ends nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { createLogger } from '../../connectors/logger.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';

function collector() {
  const chunks: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return {
    destination,
    text: () => chunks.join(''),
    line: () =>
      JSON.parse(chunks.at(-1) ?? '{}') as Record<string, unknown> & { err: Record<string, unknown> },
  };
}

describe('a JSON line', () => {
  it('has time, level, service and context', () => {
    const { destination, line } = collector();
    const logger = createLogger({ level: 'info', format: 'json', destination }).child({ stream: 'scoring' });
    logger.debug('not this');
    logger.info({ count: 3 }, 'published');
    const { time, pid, ...rest } = line();
    assert.deepEqual(rest, {
      level: 'info',
      service: 'millrace',
      stream: 'scoring',
      count: 3,
      msg: 'published',
    });
    assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.equal(pid, process.pid);
  });

  it('tells an error’s code, context, fix and causes', () => {
    const { destination, line } = collector();
    const logger = createLogger({ level: 'info', format: 'json', destination });
    const cause = new Misconfigured('no broker', { code: 'kafka-brokers', fix: 'Set KAFKA_BROKERS.' });
    logger.error(
      { err: new Retryable('no answer', { code: 'kafka', context: { topic: 'scores' }, cause }) },
      'failed',
    );
    const { err } = line();
    assert.equal(err.type, 'Retryable');
    assert.equal(err.code, 'kafka');
    assert.deepEqual(err.context, { topic: 'scores' });
    assert.match(String(err.stack), /logger\.test/);
    const inner = err.cause as Record<string, unknown>;
    assert.deepEqual(
      [inner.type, inner.message, inner.fix],
      ['Misconfigured', 'no broker', 'Set KAFKA_BROKERS.'],
    );
  });

  it('blots out secrets', () => {
    const { destination, text } = collector();
    const logger = createLogger({ level: 'info', format: 'json', destination });
    logger.info({ password: 'hunter2', kafka: { sasl: 'hunter2' }, a: { b: { token: 'hunter2' } } }, 'x');
    assert.doesNotMatch(text(), /hunter2/);
    assert.match(text(), /\*\*\*/);
  });
});

it('a pretty line is for people, the stack and the fix below it', () => {
  const { destination, text } = collector();
  const logger = createLogger({ level: 'info', format: 'pretty', destination });
  const err = new Misconfigured('port in use', { code: 'http-listen', fix: 'Set HTTP_PORT.' });
  logger.warn({ stream: 'sinks', rows: 12, err }, 'slow');
  const [first = '', ...rest] = text().split('\n');
  assert.match(first, /^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow stream=sinks rows=12$/);
  assert.match(rest.join('\n'), /^ {6}Misconfigured: port in use\n[\s\S]*^ {6}fix: Set HTTP_PORT\.$/m);
});

it('a reader that leaves does not end the process', async () => {
  const script = `
    import { createLogger } from './connectors/logger.ts';
    const logger = createLogger({ level: 'info', format: 'json' });
    process.once('SIGUSR2', async () => {
      for (let i = 0; i < 50; i += 1) {
        logger.info({ i }, 'into the void');
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      process.exit(7);
    });
    setInterval(() => {}, 1_000);
    logger.info('ready');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  await once(child.stderr, 'data');
  child.stderr.destroy();
  child.kill('SIGUSR2');
  const [code] = await once(child, 'exit');
  assert.equal(code, 7);
});
