-- A sample of the texts of every minute, so that looking at texts costs minutes, not rows.

CREATE TABLE IF NOT EXISTS text_samples (
  `kind` LowCardinality(String) COMMENT 'comment or prompt.',
  `minute` DateTime('UTC') COMMENT 'First instant of the minute in which the messages happened, by their producers'' clocks.' CODEC(Delta(4), ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the messages belong to.',
  `sample` AggregateFunction(groupArraySorted(64), Tuple(UInt64, String, DateTime64(3, 'UTC'), String)) COMMENT 'The 64 messages whose ids have the lowest hashes: hash, id, event time, the first 1,000 characters.' CODEC(ZSTD(3))
) ENGINE = AggregatingMergeTree
ORDER BY (`kind`, `minute`, `tenant`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'Texts per minute, tenant and kind, the same whatever order they came in. Read with groupArraySortedMerge(64)(sample).';

-- The lowest of many hashes: which messages are in the sample depends on their ids alone, a repeated insert changes
-- nothing, and the lowest of several minutes are a sample of all of them.
CREATE MATERIALIZED VIEW IF NOT EXISTS text_samples_from_comments TO text_samples AS
SELECT
  'comment' AS kind, toStartOfMinute(eventTime) AS minute, tenant,
  groupArraySortedState(64)((cityHash64(id), id, eventTime, leftUTF8(text, 1000))) AS sample
FROM comments
GROUP BY minute, tenant;

CREATE MATERIALIZED VIEW IF NOT EXISTS text_samples_from_prompts TO text_samples AS
SELECT
  'prompt' AS kind, toStartOfMinute(eventTime) AS minute, tenant,
  groupArraySortedState(64)((cityHash64(id), id, eventTime, leftUTF8(text, 1000))) AS sample
FROM prompts
GROUP BY minute, tenant;
