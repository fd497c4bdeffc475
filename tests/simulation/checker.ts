// Compares what is in the log and in ClickHouse at the end with what was published and acknowledged.
import type { Log, StoredRecord } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { Wire } from '../../connectors/wire/wire.ts';
import type { Message } from '../../schemas/topic.ts';
import { originOf, poison } from './messages.ts';
import { readAll } from './remote-log.ts';
import type { ClickhouseStorage } from './table.ts';

export interface Evidence {
  readonly wire: Wire;
  readonly sent: ReadonlySet<string>;
  readonly acknowledged: ReadonlySet<string>;
  /** How often an id may be there more than once, because nobody could have known: docs/guarantees.md. */
  readonly excused: ReadonlyMap<string, number>;
  readonly storage: ClickhouseStorage;
}

type Placed = StoredRecord & { readonly topic: string; readonly partition: number };

/** What is wrong, for people; nothing when all is well. */
export async function check(log: Log, evidence: Evidence): Promise<string[]> {
  const inputs = await recordsOf(log, 'inputs');
  const results = [...(await recordsOf(log, 'outputs')), ...(await recordsOf(log, 'dead-letters'))];
  return [
    ...checkInputs(inputs, evidence),
    ...checkResults(inputs, results, evidence),
    ...checkOrder(results, evidence.wire),
    ...checkRows([...inputs, ...results], evidence),
  ].slice(0, 10);
}

async function recordsOf(log: Log, topic: string): Promise<Placed[]> {
  const ranges = await log.ranges([topic]);
  const from = new Map(ranges.map(({ partition, start }) => [partition, start]));
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  const shares = await readAll(log, topic, { from, to });
  return shares.flatMap(({ partition, records }) =>
    records.map((record) => ({ ...record, topic, partition })),
  );
}

/** Every acknowledged message is in the log, and nothing that nobody sent. */
function checkInputs(inputs: readonly Placed[], { sent, acknowledged }: Evidence): string[] {
  const there = new Set(inputs.map(({ headers }) => String(headers.number)));
  return [
    ...[...acknowledged].filter((id) => !there.has(id)).map((id) => `lost: ${id} was acknowledged`),
    ...[...there].filter((id) => !sent.has(id)).map((id) => `${id} was never sent`),
  ];
}

/** Every record of the inputs has become one output or one dead letter, whichever it had to be. */
function checkResults(inputs: readonly Placed[], results: readonly Placed[], evidence: Evidence): string[] {
  const { wire, excused } = evidence;
  const found = new Map<string, { topic: string; id: string; times: number }>();
  const wrong: string[] = [];
  for (const result of results) {
    const message = messageOf(wire, result);
    const known = found.get(originOf(message)) ?? { topic: result.topic, id: message.id, times: 0 };
    known.times += 1;
    found.set(originOf(message), known);
    if (known.topic !== result.topic || known.id !== message.id)
      wrong.push(
        `input ${originOf(message)} became ${known.id} and ${message.id}, which cannot be recognised`,
      );
  }
  for (const input of inputs)
    for (const { stage, topic } of expectedOf(wire, input)) {
      const origin = `${stage} ${input.partition}/${input.offset}`;
      const became = found.get(origin);
      found.delete(origin);
      if (!became) wrong.push(`lost: nothing became of input ${origin} (${input.headers.number})`);
      else if (became.topic !== topic) wrong.push(`input ${origin} is in ${became.topic}, not in ${topic}`);
      else if (became.times > 1 + (excused.get(became.id) ?? 0))
        wrong.push(
          `repeated: input ${origin} is ${became.times} times in ${topic}, ` +
            `of which ${excused.get(became.id) ?? 0} are excused`,
        );
    }
  for (const origin of found.keys())
    wrong.push(`an output says it was made of ${origin}, which is not there`);
  return wrong;
}

/** What each stream has to make of an input. What is no message both refuse; the sink stores the rest. */
function expectedOf(wire: Wire, input: Placed): { readonly stage: string; readonly topic: string }[] {
  const message = wire.decode(input.topic, input.partition, input);
  if (message instanceof Refusal) return ['chain', 'sink'].map((stage) => ({ stage, topic: 'dead-letters' }));
  return [{ stage: 'chain', topic: message.text === poison ? 'dead-letters' : 'outputs' }];
}

/** Outputs of one series stand in the order of their inputs; of a repeated one the first counts. */
function checkOrder(results: readonly Placed[], wire: Wire): string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  const latest = new Map<string, number>();
  for (const result of results) {
    if (result.topic !== 'outputs') continue;
    const message = messageOf(wire, result);
    if (seen.has(message.id)) continue;
    seen.add(message.id);
    const series = String(message.series);
    const offset = Number(message.fromOffset);
    if (offset < (latest.get(series) ?? -1)) wrong.push(`reordered: input ${originOf(message)} of ${series}`);
    latest.set(series, offset);
  }
  return wrong;
}

/** Every message is one row, seen once by the view; and there is no other row. */
function checkRows(records: readonly Placed[], { wire, storage }: Evidence): string[] {
  const wrong: string[] = [];
  const places = new Set<string>();
  for (const record of records) {
    const message = wire.decode(record.topic, record.partition, record);
    if (message instanceof Refusal) continue;
    const place = `${record.topic}/${record.partition}/${record.offset}`;
    places.add(place);
    const row = storage.rows.get(place);
    if (!row) wrong.push(`lost: ${place} has no row`);
    else if (row.times !== 1) wrong.push(`duplicated: ${place} is ${row.times} rows`);
    else if (row.id !== message.id) wrong.push(`${place} is stored as ${row.id}`);
    else if (row.seen !== 1) wrong.push(`${place} was counted ${row.seen} times by the view`);
  }
  for (const place of storage.rows.keys())
    if (!places.has(place)) wrong.push(`row ${place} was never published`);
  return wrong;
}

function messageOf(wire: Wire, record: Placed): Message {
  const message = wire.decode(record.topic, record.partition, record);
  if (message instanceof Refusal)
    throw new Error(`${record.topic} holds what is no message: ${message.reason}`);
  return message;
}
