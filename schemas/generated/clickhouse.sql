CREATE TABLE IF NOT EXISTS `comments` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `text` String COMMENT 'The comment as written. Unit: characters.' CODEC(ZSTD(1)),
  `author` Nullable(String) COMMENT 'Pseudonymous author.' CODEC(ZSTD(1)),
  `thread` Nullable(String) COMMENT 'What the comment was written under.' CODEC(ZSTD(1)),
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`tenant`, `eventTime`, `id`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'A text that a person wrote in public, to be analysed for language, sentiment, emotion and toxicity.';

CREATE TABLE IF NOT EXISTS `prompts` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `text` String COMMENT 'The prompt as sent. Unit: characters.' CODEC(ZSTD(1)),
  `user` Nullable(String) COMMENT 'Pseudonymous user.' CODEC(ZSTD(1)),
  `session` Nullable(String) COMMENT 'Conversation the prompt belongs to.' CODEC(ZSTD(1)),
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`tenant`, `eventTime`, `id`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'A text that a person sent to an assistant, to be analysed for intent, complexity and quality.';

CREATE TABLE IF NOT EXISTS `features` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `messageId` String COMMENT 'Id of the comment or prompt this was made from.' CODEC(ZSTD(1)),
  `kind` LowCardinality(String) COMMENT 'What it was made from.',
  `characters` Float32 COMMENT 'Length of the cleaned text. Unit: code points.' CODEC(ZSTD(1)),
  `words` Float32 COMMENT 'Words; in scripts without spaces, as a dictionary cuts them. A web address is one word. Unit: words.' CODEC(ZSTD(1)),
  `sentences` Float32 COMMENT 'Sentences by final punctuation of the text’s script, and list items; at least 1 when there are words. Unit: sentences.' CODEC(ZSTD(1)),
  `wordLength` Float32 COMMENT 'Mean length of a word, web addresses left out. Unit: code points.' CODEC(ZSTD(1)),
  `sentenceLength` Float32 COMMENT 'Mean number of words in a sentence. Unit: words.' CODEC(ZSTD(1)),
  `uniqueWordRatio` Float32 COMMENT 'Distinct words over words, case-folded (type-token ratio). Unit: ratio.' CODEC(ZSTD(1)),
  `rootTypeTokenRatio` Float32 COMMENT 'Distinct words over the square root of words (Guiraud), comparable across lengths. Unit: ratio.' CODEC(ZSTD(1)),
  `onceOnlyRatio` Float32 COMMENT 'Words that occur once over distinct words (hapax legomena). Unit: ratio.' CODEC(ZSTD(1)),
  `longWords` Float32 COMMENT 'Words of seven or more code points. Unit: words.' CODEC(ZSTD(1)),
  `syllablesPerWord` Float32 COMMENT 'Mean vowel groups of a Latin word without a silent final e; 0 for texts not in Latin script. Unit: syllables.' CODEC(ZSTD(1)),
  `readingEase` Float32 COMMENT 'Flesch reading ease (made for English), clipped to 0–100; 0 for texts not in Latin script. Unit: points.' CODEC(ZSTD(1)),
  `numbers` Float32 COMMENT 'Runs of digits of any script, marks inside them included: 3.14 is one. Unit: numbers.' CODEC(ZSTD(1)),
  `hasNumbers` Float32 COMMENT '1 when there is a number. Unit: flag.' CODEC(ZSTD(1)),
  `hasQuotes` Float32 COMMENT '1 when there is a quoted passage. Unit: flag.' CODEC(ZSTD(1)),
  `questionMarks` Float32 COMMENT 'Question marks of any script. Unit: marks.' CODEC(ZSTD(1)),
  `exclamationMarks` Float32 COMMENT 'Exclamation marks of any script. Unit: marks.' CODEC(ZSTD(1)),
  `asksForExample` Float32 COMMENT '1 when an example is asked for or given (“for example”, “such as”, “e.g.”). Unit: flag.' CODEC(ZSTD(1)),
  `asksForDetail` Float32 COMMENT '1 when depth is asked for (“in detail”, “step by step”, “explain why”). Unit: flag.' CODEC(ZSTD(1)),
  `asksForFormat` Float32 COMMENT '1 when a form of answer is named (“as a table”, “JSON”, “bullet points”, “in 100 words”). Unit: flag.' CODEC(ZSTD(1)),
  `listItems` Float32 COMMENT 'Lines that begin with a bullet or a number. Unit: lines.' CODEC(ZSTD(1)),
  `codeBlocks` Float32 COMMENT 'Fenced code blocks and inline code spans. Unit: blocks.' CODEC(ZSTD(1)),
  `urls` Float32 COMMENT 'Web addresses. Unit: addresses.' CODEC(ZSTD(1)),
  `emails` Float32 COMMENT 'E-mail addresses. Unit: addresses.' CODEC(ZSTD(1)),
  `upperCaseRatio` Float32 COMMENT 'Upper-case letters over letters that have case. Unit: ratio.' CODEC(ZSTD(1)),
  `emoji` Float32 COMMENT 'Emoji, a joined sequence counted once. Unit: emoji.' CODEC(ZSTD(1)),
  `mentions` Float32 COMMENT 'Words that begin with @. Unit: mentions.' CODEC(ZSTD(1)),
  `hashtags` Float32 COMMENT 'Words that begin with #. Unit: tags.' CODEC(ZSTD(1)),
  `punctuationRatio` Float32 COMMENT 'Punctuation marks over code points. Unit: ratio.' CODEC(ZSTD(1)),
  `longestRepeat` Float32 COMMENT 'Longest run of one repeated character, as in “soooo”. Unit: code points.' CODEC(ZSTD(1)),
  `lines` Float32 COMMENT 'Lines that are not empty. Unit: lines.' CODEC(ZSTD(1)),
  `nonLatinRatio` Float32 COMMENT 'Letters outside Latin script over letters. Unit: ratio.' CODEC(ZSTD(1)),
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`tenant`, `kind`, `eventTime`, `messageId`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'A cleaned text and what was counted in it.';

CREATE TABLE IF NOT EXISTS `predictions` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `messageId` String COMMENT 'Id of the comment or prompt this was made from.' CODEC(ZSTD(1)),
  `kind` LowCardinality(String) COMMENT 'What it was made from.',
  `textLength` UInt32 COMMENT 'Length of the cleaned text. Unit: code points.',
  `language` LowCardinality(String) COMMENT 'Most probable language, BCP 47; `und` where no model says.',
  `results.task` Array(LowCardinality(String)) COMMENT 'What was asked, such as `toxicity`.',
  `results.release` Array(LowCardinality(String)) COMMENT 'Which model answered, `task@version`.',
  `results.label` Array(LowCardinality(String)) COMMENT 'The answer.',
  `results.confidence` Array(Float32) COMMENT 'Calibrated probability of the answer. Unit: probability.',
  `results.labels` Array(Array(LowCardinality(String))) COMMENT 'Leading answers, most probable first.',
  `results.probabilities` Array(Array(Float32)) COMMENT 'Probabilities of `labels`. Unit: probability.',
  `results.arm` Array(LowCardinality(Nullable(String))) COMMENT 'Part in an experiment: `control` or `treatment` served the message, `shadow` only watched.',
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`tenant`, `kind`, `eventTime`, `messageId`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'What the serving models said about one message, one result per task. They travel together, so that scoring needs no join.';

CREATE TABLE IF NOT EXISTS `scores` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `messageId` String COMMENT 'Id of the comment or prompt this was made from.' CODEC(ZSTD(1)),
  `kind` LowCardinality(String) COMMENT 'What it was made from.',
  `language` LowCardinality(Nullable(String)) COMMENT 'Most probable language, BCP 47.',
  `languageConfidence` Nullable(Float32) COMMENT 'Calibrated probability of the language. Unit: probability.',
  `sentiment` LowCardinality(Nullable(String)) COMMENT '`negative`, `neutral` or `positive`.',
  `sentimentConfidence` Nullable(Float32) COMMENT 'Calibrated probability of the sentiment. Unit: probability.',
  `emotion` LowCardinality(Nullable(String)) COMMENT 'Leading emotion.',
  `emotionConfidence` Nullable(Float32) COMMENT 'Calibrated probability of the emotion. Unit: probability.',
  `toxicity` Nullable(Float32) COMMENT 'Calibrated probability that the comment is toxic. Unit: probability.',
  `toxic` Nullable(Bool) COMMENT 'Toxicity is at or above the configured threshold of the comment’s language.',
  `intent` LowCardinality(Nullable(String)) COMMENT 'What a prompt wants.',
  `intentConfidence` Nullable(Float32) COMMENT 'Calibrated probability of the intent. Unit: probability.',
  `complexity` Nullable(Float32) COMMENT 'How demanding a prompt is. Unit: ratio (0–1).',
  `quality` Nullable(Float32) COMMENT 'Overall quality of a prompt, the weighted mean of the sub-scores. Unit: points (0–100).',
  `clarity` Nullable(Float32) COMMENT 'Is it plain what is asked? Unit: points (0–100).',
  `specificity` Nullable(Float32) COMMENT 'Are constraints, numbers, examples and details given? Unit: points (0–100).',
  `structure` Nullable(Float32) COMMENT 'Is it ordered into sentences, lists and parts in proportion to its length? Unit: points (0–100).',
  `context` Nullable(Float32) COMMENT 'Does it carry the background that an answer needs? Unit: points (0–100).',
  `releases` Array(LowCardinality(String)) COMMENT 'Every model and rule set that had a say, `task@version`.',
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1,
  INDEX `by_id` `id` TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX `by_messageId` `messageId` TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`tenant`, `kind`, `eventTime`, `messageId`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'The one answer about a message: labels with confidence, and for prompts complexity and quality.';

CREATE TABLE IF NOT EXISTS `feedback` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `messageId` String COMMENT 'Id of the comment or prompt it is about.' CODEC(ZSTD(1)),
  `task` LowCardinality(String) COMMENT 'Which answer it is about, such as `toxicity`.',
  `label` LowCardinality(Nullable(String)) COMMENT 'The right answer, where the feedback gives one.',
  `value` Nullable(Float32) COMMENT 'The right score, where the feedback gives one. Unit: points (0–100).',
  `agrees` Nullable(Bool) COMMENT 'Thumbs up or down.',
  `by` LowCardinality(Nullable(String)) COMMENT 'Who said so: `user`, `reviewer`, `system`.',
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`tenant`, `task`, `eventTime`, `messageId`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'A person’s or a product’s word on the score of one message, whenever it arrives.';

CREATE TABLE IF NOT EXISTS `dead_letters` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `stage` LowCardinality(String) COMMENT 'The stream that refused it.',
  `code` LowCardinality(String) COMMENT 'Why, for programs.',
  `reason` String COMMENT 'Why, for people.' CODEC(ZSTD(1)),
  `fromTopic` LowCardinality(String) COMMENT 'Topic it was read from.',
  `fromPartition` UInt32 COMMENT 'Partition it was read from.',
  `fromOffset` Float64 COMMENT 'Offset it was read at.',
  `recordKey` Nullable(String) COMMENT 'Original key.' CODEC(ZSTD(1)),
  `recordValue` Nullable(String) COMMENT 'Original value, up to 1 MiB.' CODEC(ZSTD(1)),
  `recordBytes` UInt32 COMMENT 'Length of the original value. Unit: bytes.',
  `recordHeaders` Map(String, String) COMMENT 'Original headers, values as UTF-8.',
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`stage`, `code`, `ingestTime`, `id`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'A record that a stage could not use: original bytes and headers, where it failed and why.';

CREATE TABLE IF NOT EXISTS `drift_reports` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `job` LowCardinality(String) COMMENT 'The drift job that looked.',
  `release` LowCardinality(String) COMMENT 'The release whose baseline was used, `task@version`.',
  `kind` LowCardinality(Nullable(String)) COMMENT 'Which messages were looked at.',
  `windowStart` DateTime64(3, 'UTC') COMMENT 'First instant of the window. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `windowEnd` DateTime64(3, 'UTC') COMMENT 'First instant after the window. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `samples` UInt32 COMMENT 'Messages in the window. Unit: messages.',
  `baselineSamples` UInt32 COMMENT 'Messages in the baseline. Unit: messages.',
  `verdict` LowCardinality(String) COMMENT 'Whether the release’s world has moved.',
  `dataScore` Nullable(Float64) COMMENT 'Share of the compared features of the texts that drifted; a window drifts from the job’s data threshold on. Unit: ratio (0–1).',
  `predictionScore` Nullable(Float64) COMMENT 'Jensen–Shannon distance of labels and confidence from the baseline, the larger of both. Unit: ratio (0–1).',
  `expectedAccuracy` Nullable(Float64) COMMENT 'Accuracy that the calibrated confidences of the window promise. Unit: ratio (0–1).',
  `accuracy` Nullable(Float64) COMMENT 'Accuracy on the messages of the window that have a label by now. Unit: ratio (0–1).',
  `labelled` Nullable(UInt32) COMMENT 'Messages that this accuracy rests on. Unit: messages.',
  `statistics.feature` Array(LowCardinality(String)) COMMENT 'What was compared: `label`, `confidence`, `length`, `language`, a feature by its name, or what texts are compared by (`vocabulary`, `domain`).',
  `statistics.statistic` Array(LowCardinality(String)) COMMENT 'Which test, such as `psi` or `jensen-shannon`.',
  `statistics.value` Array(Float64) COMMENT 'The statistic.',
  `statistics.threshold` Array(Float64) COMMENT 'The value from which it counts as drift.',
  `statistics.drifted` Array(Bool) COMMENT 'Value at or above threshold, and significant where there is a p-value.',
  `statistics.pValue` Array(Nullable(Float64)) COMMENT 'Chance of such a value without drift, corrected for the number of features. Unit: probability.',
  `slices.feature` Array(LowCardinality(String)) COMMENT 'Feature.',
  `slices.bin` Array(LowCardinality(String)) COMMENT 'Value, or span of values, in words.',
  `slices.before` Array(Float64) COMMENT 'Share in the baseline. Unit: ratio (0–1).',
  `slices.after` Array(Float64) COMMENT 'Share in the window. Unit: ratio (0–1).',
  `examples` Array(String) COMMENT 'Ids of messages from the parts that moved.',
  `recommendations` Array(String) COMMENT 'What to do about it, for people.',
  `summary` String COMMENT 'What moved, for people.' CODEC(ZSTD(1)),
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`release`, `windowEnd`, `id`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'One window of one release’s traffic of one kind against the release’s frozen baseline.';

CREATE TABLE IF NOT EXISTS `alerts` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `rule` LowCardinality(String) COMMENT 'The rule that fired; equal rules are one alert.',
  `severity` LowCardinality(String) COMMENT 'How urgent.',
  `state` LowCardinality(String) COMMENT 'Begun or over.',
  `summary` String COMMENT 'What happened, in one line.' CODEC(ZSTD(1)),
  `group` LowCardinality(Nullable(String)) COMMENT 'What it is told of together with: a task, a stream, a rule’s own word.',
  `evidence` Map(String, String) COMMENT 'What it rests on: ids of reports, releases, values.',
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`rule`, `eventTime`, `id`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'Something a person should know, once when it begins, at each step of its escalation, and once when it ends.';

CREATE TABLE IF NOT EXISTS `model_events` (
  `id` String COMMENT 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.' CODEC(ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the message belongs to; `default` where the producer names none.',
  `eventTime` DateTime64(3, 'UTC') COMMENT 'When it happened, by the producer’s clock. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `ingestTime` DateTime64(3, 'UTC') COMMENT 'When the log accepted the source message. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  `source` LowCardinality(String) COMMENT 'Which system produced the source message.',
  `traceparent` String COMMENT 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.' CODEC(ZSTD(1)),
  `subject` String COMMENT '`task/event/…`, of its own for every record: compaction takes none away, and retention none either.' CODEC(ZSTD(1)),
  `event` LowCardinality(String) COMMENT 'What was decided.',
  `task` LowCardinality(String) COMMENT 'Task the decision is about.',
  `release` LowCardinality(String) COMMENT 'Release the decision is about, `task@version`: the one that serves now of promoted, the one taken out of rolled-back, the candidate of an experiment.',
  `request` Nullable(String) COMMENT 'Id of the request for retraining that led here.' CODEC(ZSTD(1)),
  `experiment` Nullable(String) COMMENT 'Id of the experiment that it is part of.' CODEC(ZSTD(1)),
  `by` LowCardinality(Nullable(String)) COMMENT 'Who decided: `drift`, `trainer`, `experiments`, or a person’s user name.',
  `reason` String COMMENT 'Why, for people.' CODEC(ZSTD(1)),
  `evidence` Map(String, String) COMMENT 'What it rests on: ids of reports, windows, figures.',
  `_topic` LowCardinality(String) COMMENT 'Topic the row was read from.',
  `_partition` UInt32 COMMENT 'Partition the row was read from.',
  `_offset` UInt64 COMMENT 'Offset the row was read at.' CODEC(Delta(8), ZSTD(1)),
  `_time` DateTime64(3, 'UTC') COMMENT 'When the log accepted the record. Unit: ms.' CODEC(Delta(8), ZSTD(1)),
  INDEX offsets `_offset` TYPE minmax GRANULARITY 1,
  INDEX by_time `_time` TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`ingestTime`)
ORDER BY (`task`, `eventTime`, `id`)
SETTINGS non_replicated_deduplication_window = 100000, min_parts_to_merge_at_once = 10
COMMENT 'A decision about a model, with its evidence. A compacted topic whose every record has a subject of its own: it is kept for ever, in order.';
