// Latency at a steady rate, open loop: a comment is due at its time whether or not earlier ones are answered, and its
// latency counts from when it was due. So a stall is paid for by everything that was due during it (no coordinated
// omission).
import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../connectors/wire/refusal.ts';
import { Percentiles } from '../streams/percentiles.ts';
import type { Stack } from '../streams/stack.ts';
import { commentRecord, loadTexts } from './comments.ts';

const tickMs = 5;
const warmUpShare = 0.2;
const drainMs = 20_000;
/** Bounds how fine the stored latency is told. */
const pollMs = 50;

export async function measureLatency(stack: Stack, rate: number, seconds: number) {
  const texts = await loadTexts();
  const run = `l${stack.now().toString(36)}`;
  const total = rate * seconds;
  const due: number[] = [];
  const toScore = new Percentiles();
  const toRow = new Percentiles();
  const stop = new AbortController();
  const polling = poll(stack, run, (number, at) => {
    if (number >= total * warmUpShare) toRow.add(at - due[number]!);
  });
  const following = follow(stack, run, stop.signal, (number, at) => {
    if (number >= total * warmUpShare) toScore.add(at - due[number]!);
  });
  await send(stack, total, rate, (number, at) => {
    due[number] = at;
    return commentRecord(texts, run, number, stack.now());
  });
  const complete = Promise.all([following.complete(total), polling.complete(total)]);
  await Promise.race([complete, sleep(drainMs, undefined, { ref: false })]);
  stop.abort();
  await polling.stop();
  const round = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10);
  return {
    rate,
    scoreP50Ms: round(toScore.at(0.5)),
    scoreP99Ms: round(toScore.at(0.99)),
    storedP50Ms: round(toRow.at(0.5)),
    storedP99Ms: round(toRow.at(0.99)),
  };
}

/** Publishes what is due every few milliseconds; what is late is sent at once and counts as late. */
async function send(
  stack: Stack,
  total: number,
  rate: number,
  make: (number: number, dueAt: number) => ReturnType<typeof commentRecord>,
) {
  const started = Date.now();
  let sent = 0;
  const publishing: Promise<unknown>[] = [];
  while (sent < total) {
    const upTo = Math.min(total, Math.floor(((Date.now() - started) / 1_000) * rate));
    if (upTo > sent) {
      const records = Array.from({ length: upTo - sent }, (_, index) =>
        make(sent + index, started + ((sent + index) / rate) * 1_000),
      );
      sent = upTo;
      publishing.push(stack.log.publish([{ topic: 'comments', records }]));
    }
    await sleep(tickMs);
  }
  await Promise.all(publishing);
}

/** Tells of each score of the run when it becomes readable in the log. */
function follow(
  stack: Stack,
  run: string,
  signal: AbortSignal,
  onScore: (number: number, at: number) => void,
) {
  let seen = 0;
  const reading = (async () => {
    const { log, wire } = stack;
    const from = new Map((await log.ranges(['scores'])).map(({ partition, end }) => [partition, end]));
    for await (const { partition, records } of log.read('scores', { from, signal })) {
      const at = Date.now();
      await wire.prepare('scores', records);
      for (const record of records) {
        const message = wire.decode('scores', partition, record);
        const number = message instanceof Refusal ? null : numberOf(String(message.messageId), run);
        if (number === null) continue;
        seen += 1;
        onScore(number, at);
      }
    }
  })();
  reading.catch(() => {});
  return {
    async complete(total: number) {
      while (seen < total) await sleep(20);
    },
  };
}

/** Asks the table over and over for rows it did not have before: a row counts as stored when a query has seen it. */
function poll({ clickhouse }: Stack, run: string, onRow: (number: number, at: number) => void) {
  const seen = new Map<number, number>();
  let rows = 0;
  let stopped = false;
  const polling = (async () => {
    while (!stopped) {
      const fresh = await clickhouse.query<{ messageId: string; partition: number; offset: number }>(
        `SELECT messageId, _partition AS partition, toUInt32(_offset) AS offset FROM scores
         WHERE startsWith(messageId, {run:String}) AND ${unseen(seen)}`,
        { run: `bench-${run}-` },
      );
      const at = Date.now();
      for (const { messageId, partition, offset } of fresh) {
        seen.set(partition, Math.max(seen.get(partition) ?? -1, offset));
        const number = numberOf(messageId, run);
        if (number === null) continue;
        rows += 1;
        onRow(number, at);
      }
      await sleep(pollMs);
    }
  })();
  return {
    async complete(total: number) {
      while (rows < total) await sleep(20);
    },
    async stop() {
      stopped = true;
      await polling;
    },
  };
}

const unseen = (seen: ReadonlyMap<number, number>): string =>
  seen.size === 0
    ? 'true'
    : `_offset > multiIf(${[...seen].map(([partition, offset]) => `_partition = ${partition}, ${offset}`).join(', ')}, -1)`;

const numberOf = (messageId: string, run: string): number | null =>
  messageId.startsWith(`bench-${run}-`) ? Number(messageId.slice(`bench-${run}-`.length)) : null;
