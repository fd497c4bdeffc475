// Gives a view's target what it missed: an insert that died between a table and its views is finished by its token, but
// a token that ClickHouse has forgotten finishes nothing.
// The groups that a range has a part in are compared: what the table's rows add up to, less what the target holds, is
// missing. Inserts on their way from table to view look missing, too, for as long as they are on their way; so the
// least that is missing counts, of looks over a longer time than an insert may take. That is added to the target.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { quoteName, quoteText } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse } from '../clickhouse.ts';
import { nameOf, readWritten, type View, type WrittenTable } from './written-tables.ts';

export interface RepairedRange {
  readonly table: string;
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
  readonly token: string;
}

export type ViewState =
  /** Nothing is missing in the target. */
  | 'there'
  /** Something was missing in the target, and was added. */
  | 'rebuilt'
  /** The target does not add up rows per group, so nothing can be said. */
  | 'unknown';

export interface RepairOptions {
  readonly clickhouse: Clickhouse;
  /** Longest time that an insert may be on its way between table and view, in milliseconds. */
  readonly insertMs: number;
  /** Called before every look; throws `Fenced` when the range belongs to somebody else now. */
  readonly stillOurs: () => Promise<void>;
  readonly onView: (view: string, state: ViewState) => void;
}

const lookEveryMs = 1_000;

/** Checks every view on the range's table, and adds what is missing. Rows of the range that are not in the table do not count. */
export async function repairViews(range: RepairedRange, options: RepairOptions): Promise<void> {
  const [written] = await readWritten(options.clickhouse, [range.table]);
  for (const view of written?.views ?? []) {
    // A view on a target sees what is inserted there: the rebuilding of the first view reaches it by itself.
    if (nameOf(view.source) !== nameOf(written!.table)) continue;
    options.onView(nameOf(view), await repairView(view, range, options));
  }
}

async function repairView(view: View, range: RepairedRange, options: RepairOptions): Promise<ViewState> {
  const { clickhouse } = options;
  const sums = await summedColumns(clickhouse, view.target);
  if (view.target.engine !== 'SummingMergeTree' || sums.length === 0) return 'unknown';
  const groups = await readGroups(clickhouse, view, sums, filterOf(range));
  if (groups.size === 0) return 'there';
  const look = { view, sums, groups: [...groups.keys()], ...boundsOf(view, groups) };
  const started = performance.now();
  let missing: Groups | null = null;
  let held = '';
  for (;;) {
    await options.stillOurs();
    const seen = await missingNow(clickhouse, look);
    missing = leastOf(missing, seen.missing);
    held = seen.held;
    if (missing.size === 0) return 'there';
    const left = started + options.insertMs - performance.now();
    if (left <= 0) break;
    await sleep(Math.min(left, lookEveryMs));
  }
  await clickhouse.command(addition(view, sums, `${range.token}/view/${view.name}/${held}`, missing));
  return 'rebuilt';
}

/** Sums of groups, by the texts of their keys. */
type Groups = ReadonlyMap<string, readonly number[]>;

interface Look {
  readonly view: View;
  readonly sums: readonly string[];
  readonly groups: readonly string[];
  /** Conditions that leave out what cannot be in the groups. */
  readonly sourceBounds: string;
  readonly targetBounds: string;
}

/** The target is read before the table: what arrives in between makes more look missing, never less. */
async function missingNow(
  clickhouse: Clickhouse,
  { view, sums, groups, sourceBounds, targetBounds }: Look,
): Promise<{ readonly missing: Groups; readonly held: string }> {
  const actual = await groupsOf(
    clickhouse,
    `SELECT ${keysAndSums(view, sums)} FROM ${sqlName(view.target)} WHERE ${targetBounds} GROUP BY keys`,
  );
  const expected = await readGroups(clickhouse, view, sums, sourceBounds);
  const missing = groups.map((keys) => {
    const held = actual.get(keys);
    return [keys, sums.map((_, at) => (expected.get(keys)?.[at] ?? 0) - (held?.[at] ?? 0))] as const;
  });
  return {
    missing: new Map(missing.filter(([, counts]) => counts.some((count) => count > 0))),
    held: createHash('sha256')
      .update(JSON.stringify(groups.map((keys) => actual.get(keys))))
      .digest('hex'),
  };
}

/** What is missing in both, as the smaller of the two. */
function leastOf(before: Groups | null, now: Groups): Groups {
  if (!before) return now;
  const both = [...before].flatMap(([keys, counts]) => {
    const other = now.get(keys);
    return other ? [[keys, counts.map((count, at) => Math.min(count, other[at]!))] as const] : [];
  });
  return new Map(both.filter(([, counts]) => counts.some((count) => count > 0)));
}

/** What the view makes of the source's rows that `filter` lets through. */
const readGroups = (
  clickhouse: Clickhouse,
  view: View,
  sums: readonly string[],
  filter: string,
): Promise<Groups> =>
  groupsOf(
    clickhouse,
    `SELECT ${keysAndSums(view, sums)} FROM (${view.select}) GROUP BY keys SETTINGS ${onlyRows(view, filter)}`,
  );

async function groupsOf(clickhouse: Clickhouse, sql: string): Promise<Groups> {
  const rows = await clickhouse.query<{ keys: readonly string[]; sums: readonly number[] }>(sql);
  return new Map(rows.map(({ keys, sums }) => [JSON.stringify(keys), sums]));
}

const keysAndSums = ({ target }: View, sums: readonly string[]): string =>
  `[${target.sortingKey.map((key) => `toString(${quoteName(key)})`).join(', ')}] AS keys, ` +
  `[${sums.map((name) => `toFloat64(sum(${quoteName(name)}))`).join(', ')}] AS sums`;

/** Lets the view's SELECT read a part of its source, without a word changed in it. */
const onlyRows = ({ source }: View, filter: string): string =>
  `additional_table_filters = {${quoteText(nameOf(source))}: ${quoteText(filter)}}`;

/**
 * The token names what the target held before: the same addition again is dropped, while a range that misses something a
 * second time, a part that was stored after the first addition, gets that as well.
 */
function addition(view: View, sums: readonly string[], token: string, missing: Groups): string {
  const columns = [...view.target.sortingKey, ...sums].map(quoteName).join(', ');
  const rows = [...missing].map(([keys, counts]) => {
    const texts = (JSON.parse(keys) as string[]).map(quoteText);
    return `(${[...texts, ...counts.map((count) => Math.max(0, count))].join(', ')})`;
  });
  return (
    `INSERT INTO ${sqlName(view.target)} (${columns}) SETTINGS async_insert = 0, insert_deduplicate = 1, ` +
    `insert_deduplication_token = ${quoteText(token)} VALUES ${rows.join(', ')}`
  );
}

const filterOf = ({ topic, partition, start, end }: RepairedRange): string =>
  `_topic = ${quoteText(topic)} AND _partition = ${partition} AND _offset >= ${start} AND _offset < ${end}`;

/** Groups by minute of event time need those minutes only; other groups need the whole tables. */
function boundsOf(view: View, groups: Groups): Pick<Look, 'sourceBounds' | 'targetBounds'> {
  const place = view.target.sortingKey.indexOf('minute');
  if (place < 0) return { sourceBounds: '1', targetBounds: '1' };
  const minutes = [
    ...new Set([...groups.keys()].map((keys) => (JSON.parse(keys) as string[])[place]!)),
  ].sort();
  const [first, last] = [minutes[0]!, minutes.at(-1)!].map(
    (minute) => `toDateTime(${quoteText(minute)}, 'UTC')`,
  );
  return {
    targetBounds: `minute >= ${first} AND minute <= ${last}`,
    sourceBounds: `eventTime >= ${first} AND eventTime < ${last} + 60`,
  };
}

async function summedColumns(clickhouse: Clickhouse, target: WrittenTable): Promise<readonly string[]> {
  const rows = await clickhouse.query<{ name: string }>(
    'SELECT name FROM system.columns WHERE database = {database:String} AND table = {name:String} ORDER BY position',
    { database: target.database, name: target.name },
  );
  return rows.map(({ name }) => name).filter((name) => !target.sortingKey.includes(name));
}

const sqlName = ({ database, name }: WrittenTable): string => `${quoteName(database)}.${quoteName(name)}`;
