// Rows for a data set out of the open system: the answer to a query, or the messages of a range of a topic.
import type { PartitionRange } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Row } from '../../trainers/data-sets/rows.ts';
import type { Stack } from '../stack.ts';

/** Rows asked for at once: what is held of an answer. */
const rowsMax = 50_000;

/**
 * The rows a query answers with. A large answer is asked for in parts, by a hash of the row, so that it is never held
 * whole; the query then runs once a part, and its order is lost.
 */
export async function* queryRows({ clickhouse }: Stack, given: string): AsyncGenerator<Row, void, void> {
  const query = given.replace(/[\s;]+$/, '');
  const [counted] = await clickhouse.query<{ rows: number | string }>(
    `SELECT count() AS rows FROM (${query})`,
  );
  const parts = Math.max(1, Math.ceil(Number(counted!.rows) / rowsMax));
  for (let part = 0; part < parts; part += 1) {
    // A row with nulls has to fall into a part too, which the hash of its text grants.
    const sql =
      parts === 1
        ? query
        : `SELECT * FROM (${query}) WHERE cityHash64(toString(tuple(*))) % ${parts} = ${part}`;
    yield* linesOf(await clickhouse.format(sql, 'JSONEachRow'));
  }
}

function* linesOf(bytes: Buffer): Generator<Row, void, void> {
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end;
    if (to > from) yield JSON.parse(bytes.toString('utf8', from, to)) as Row;
    from = to + 1;
  }
}

export interface TopicRange {
  readonly topic: string;
  /** First offset or time (ISO 8601, inclusive); absent: the beginning. */
  readonly from?: string | undefined;
  /** Offset or time to stop before; absent: the end as it is now. */
  readonly to?: string | undefined;
  readonly signal: AbortSignal;
}

/** A bound of a range: an offset that holds for every partition, or a time in ms. */
type Bound = { readonly offset: number } | { readonly timeMs: number } | null;

/** The messages of a range, partition by partition. Throws `Misconfigured` for a record that is no message. */
export async function* topicRows(stack: Stack, range: TopicRange): AsyncGenerator<Row, void, void> {
  const { topic, signal } = range;
  const [first, last] = [boundOf('--from', range.from), boundOf('--to', range.to)];
  const ranges = await stack.log.ranges([topic]);
  for (const held of ranges) yield* partitionRows(stack, topic, held, first, last, signal);
}

async function* partitionRows(
  { log, wire }: Stack,
  topic: string,
  { partition, start, end }: PartitionRange,
  first: Bound,
  last: Bound,
  signal: AbortSignal,
): AsyncGenerator<Row, void, void> {
  const from = first !== null && 'offset' in first ? Math.max(start, first.offset) : start;
  const to = last !== null && 'offset' in last ? Math.min(end, last.offset) : end;
  if (from >= to) return;
  const read = log.read(topic, {
    from: new Map([[partition, from]]),
    to: new Map([[partition, to]]),
    signal,
  });
  for await (const { records } of read) {
    await wire.prepare(topic, records);
    for (const record of records) {
      if (record.offset < from || record.offset >= to) continue;
      if (first !== null && 'timeMs' in first && record.timestamp < first.timeMs) continue;
      if (last !== null && 'timeMs' in last && record.timestamp >= last.timeMs) continue;
      const message = wire.decode(topic, partition, record);
      if (!(message instanceof Refusal)) {
        yield message as Row;
        continue;
      }
      const { code, reason } = message;
      throw new Misconfigured(
        `${topic}/${partition} has no message at offset ${record.offset}: ${code}: ${reason}`,
        {
          code: 'data-bad-row',
          fix: 'Choose another range with --from and --to, or query the table that the topic is written to with --sql.',
        },
      );
    }
  }
  signal.throwIfAborted();
}

function boundOf(option: string, text: string | undefined): Bound {
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return { offset: Number(text) };
  const timeMs = Date.parse(text);
  if (!Number.isNaN(timeMs)) return { timeMs };
  throw new Misconfigured(`${option} ${text} is neither an offset nor a time`, {
    code: 'bad-argument',
    fix: `Try ${option} 1000 or ${option} 2026-11-20T00:00:00Z.`,
  });
}
