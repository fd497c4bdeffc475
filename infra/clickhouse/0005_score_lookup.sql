-- A score is looked up by its id or its message's: without these the look-up reads the id columns of the whole table.
-- Parts written before get them as they are merged.

ALTER TABLE scores ADD INDEX IF NOT EXISTS by_id `id` TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE scores ADD INDEX IF NOT EXISTS by_messageId `messageId` TYPE bloom_filter(0.01) GRANULARITY 1;
