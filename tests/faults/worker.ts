// The process that the fault cases torment: the real stack and streams, by environment, with fail points around its
// ports and, over its channel, a way to publish through it (embedded), to ask its ClickHouse, and to move its clock.

import type { LogRecord } from '../../connectors/log.ts';
import { loadConfiguration } from '../../streams/configuration/configuration.ts';
import { explain } from '../../streams/program.ts';
import { openStack, type Stack } from '../../streams/stack.ts';
import { startSystem } from '../../streams/system.ts';
import { setClock } from './clock.ts';
import { type EngineFault, openFaulty } from './engine-faults.ts';
import { type FailOrder, FailPoints, overriding } from './fail-points.ts';
import type { Order, Report, WireRecord } from './worker-channel.ts';

const { FAULTS_ORDER: orderText = 'null', FAULTS_ENGINE: engineFault = 'none' } = process.env;
const points = new FailPoints(JSON.parse(orderText) as FailOrder | null);

const tell = (report: Report): void => {
  if (process.connected) process.send?.(report);
};

const recordOf = ({ key, value, headers }: WireRecord): LogRecord => ({
  key: Buffer.from(key),
  value: Buffer.from(value, 'base64'),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  timestamp: Date.now(),
});

async function obey(stack: Stack, order: Order): Promise<void> {
  if (order.order === 'clock') return setClock(order.shiftMs);
  if (order.order === 'stop') return stop();
  try {
    if (order.order === 'publish')
      await stack.log.publish([{ topic: order.topic, records: order.records.map(recordOf) }]);
    const rows = order.order === 'query' ? await stack.clickhouse.query(order.sql) : [];
    tell({ report: 'done', tag: order.tag, rows: rows as readonly Record<string, unknown>[] });
  } catch (error) {
    tell({ report: 'failed', tag: order.tag, reason: String(error) });
  }
}

let stop: () => void = () => {};
const stopping = new Promise<void>((resolve) => {
  stop = resolve;
});
process.on('SIGTERM', stop);
process.on('disconnect', () => process.exit(1));

async function run(): Promise<void> {
  // Only FAULTS_… is this file's own; the configuration knows no such names.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FAULTS_')));
  const opened = await openStack(loadConfiguration({ env }), async () => 1);
  const stack = overriding(opened, {
    log: points.log(opened.log),
    clickhouse: points.clickhouse(opened.clickhouse),
    // Looked up at each call: the clock may have been moved.
    now: () => Date.now(),
  });
  try {
    const openEngine = async () => points.engine(await openFaulty(stack, engineFault as EngineFault));
    const system = await startSystem(stack, { driftByClock: false, openEngine });
    process.on('message', (order) => void obey(stack, order as Order));
    tell({ report: 'ready' });
    try {
      await Promise.race([system.done, stopping]);
    } finally {
      await system.close();
    }
  } finally {
    await opened.close();
  }
}

let code = 0;
try {
  await run();
} catch (error) {
  const stderr = { write: async (text: string | Buffer) => void process.stderr.write(text) };
  const io = { argv: [], stdin: process.stdin, stdout: stderr, stderr, signal: new AbortController().signal };
  code = await explain(error, io);
  const report: Report = { report: 'stopped', code: codeOf(error), reason: String(error) };
  await new Promise<void>((sent) => {
    if (process.connected) process.send?.(report, () => sent());
    else sent();
  });
}
// As the command line ends, whatever a library still holds open.
process.exit(code);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed';
}
