-- For several inserts a second into one table: tokens are remembered for as many more of them, and small parts wait
-- until there are ten to merge, which halves the rows that merging writes. Repeating these changes nothing.

ALTER TABLE comments MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE prompts MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE features MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE predictions MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE scores MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE feedback MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE dead_letters MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE drift_reports MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE alerts MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
ALTER TABLE model_events MODIFY SETTING non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10;
