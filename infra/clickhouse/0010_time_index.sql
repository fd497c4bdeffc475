-- Alerts, drift and experiments ask for a span of the log, often its last minutes: without this index the question reads
-- the month's whole partition, as no table is ordered by `_time`. Parts written before get it as they are merged.

ALTER TABLE comments ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE prompts ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE features ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE predictions ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE scores ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE feedback ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE dead_letters ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE drift_reports ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE alerts ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
ALTER TABLE model_events ADD INDEX IF NOT EXISTS by_time `_time` TYPE minmax GRANULARITY 1;
