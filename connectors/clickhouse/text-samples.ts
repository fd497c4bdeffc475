// Texts of a span of time, from the samples that ClickHouse keeps of every minute (infra/clickhouse/0009_samples.sql):
// what it costs depends on minutes, not on messages.
import type { Kind } from '../../schemas/features.ts';
import type { Clickhouse } from '../clickhouse.ts';

/** Messages that are kept of one minute, tenant and kind. */
export const textsPerMinute = 64;
/** Code points that are kept of one text. */
export const sampledTextMax = 1_000;

export interface SampledText {
  readonly messageId: string;
  readonly tenant: string;
  /** Milliseconds since 1970. */
  readonly eventTime: number;
  /** As it came in: not cleaned, cut to its first `sampledTextMax` code points. */
  readonly text: string;
}

export interface SampleSpan {
  readonly kind: Kind;
  /** First instant, ms since 1970; reaches back to the start of its minute. */
  readonly from: number;
  /** First instant after the span, ms since 1970; reaches on to the end of its minute. */
  readonly to: number;
  readonly limit: number;
  /** One tenant’s messages only. */
  readonly tenant?: string | undefined;
}

/**
 * The `limit` messages of a span whose ids have the lowest hashes: a sample in which every message is as likely as any
 * other, and the same whenever it is asked for. Where so many are asked for that busy minutes have no more, quiet ones
 * have more than their part. Ordered by hash, so that any first part of it is such a sample too.
 */
export async function readTextSample(
  clickhouse: Clickhouse,
  { kind, from, to, limit, tenant }: SampleSpan,
): Promise<readonly SampledText[]> {
  return clickhouse.query<SampledText>(
    `SELECT one.2 AS messageId, tenant, toUnixTimestamp64Milli(one.3) AS eventTime, one.4 AS text
     FROM (
       SELECT tenant, arrayJoin(groupArraySortedMerge(${textsPerMinute})(sample)) AS one
       FROM text_samples
       WHERE kind = {kind:String} AND minute >= toStartOfMinute(fromUnixTimestamp64Milli({from:Int64}))
         AND minute < fromUnixTimestamp64Milli({to:Int64})${tenant === undefined ? '' : ' AND tenant = {tenant:String}'}
       GROUP BY minute, tenant
     )
     ORDER BY one.1, messageId
     LIMIT 1 BY messageId
     LIMIT {limit:UInt32}`,
    { kind, from, to, limit, ...(tenant === undefined ? {} : { tenant }) },
  );
}
