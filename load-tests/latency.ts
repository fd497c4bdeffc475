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
/** Pause between two looks at the table. A row counts from the answer that has it, so latencies are told too high by half of this and a query. */
const pollMs = 30;

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
  return {
    rate,
    ...told('score', toScore),
    ...told('stored', toRow),
    // What was not seen by the end has no latency, and would make the others look better than the run was.
    unscored: total - following.seen(),
    unstored: total - polling.seen(),
  };
}

const shares = { P50: 0.5, P95: 0.95, P99: 0.99, P999: 0.999 } as const;

/** `scoreP50Ms`, `scoreP95Ms` and so on. */
function told<Name extends string>(name: Name, values: Percentiles) {
  const round = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10);
  return Object.fromEntries(
    Object.entries(shares).map(([label, share]) => [`${name}${label}Ms`, round(values.at(share))]),
  ) as Record<`${Name}${keyof typeof shares}Ms`, number | null>;
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
    seen: () => seen,
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
    seen: () => rows,
    async complete(total: number) {
      while (rows < total) await sleep(20);
    },
    async stop() {
      stopped = true;
      await polling;
    },
  };
}

/** In a form that the index on `_offset` can use: a look reads the newest rows, however many there are. */
function unseen(seen: ReadonlyMap<number, number>): string {
  if (seen.size === 0) return 'true';
  const newer = [...seen].map(([partition, offset]) => `(_partition = ${partition} AND _offset > ${offset})`);
  return `(${[...newer, `_partition NOT IN (${[...seen.keys()].join(', ')})`].join(' OR ')})`;
}

const numberOf = (messageId: string, run: string): number | null =>
  messageId.startsWith(`bench-${run}-`) ? Number(messageId.slice(`bench-${run}-`.length)) : null;
