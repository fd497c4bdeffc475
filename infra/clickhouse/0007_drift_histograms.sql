-- Drift: histograms by kind of message, of the features of texts, and the sums of confidence behind expected accuracy;
-- baselines of one kind of message, and renewed ones beside the old. Rows of before have no kind: they are counts of
-- every kind together, and go on to be read as such. What is in ClickHouse already is not counted again: histograms of
-- features begin now.
--
-- The view is dropped and made anew, under its old name: its repeats are recognised by that name, so an insert that was
-- under way when the process stopped is still counted once. What another process inserts between the two statements,
-- a few milliseconds, is in predictions and not in histograms. (MODIFY QUERY would leave no such gap, but the view
-- forgets its tokens then: after the next start a repeated insert was counted twice.)

ALTER TABLE baselines
  ADD COLUMN IF NOT EXISTS `messages` LowCardinality(String) COMMENT 'Which messages the reference rows are, comment or prompt; empty: any.' AFTER `feature`,
  ADD COLUMN IF NOT EXISTS `frozenAt` DateTime64(3, 'UTC') COMMENT 'When the counts were renewed; 1970 for those that the release came with. The newest are compared with.',
  MODIFY ORDER BY (`release`, `feature`, `messages`, `frozenAt`);
ALTER TABLE baselines MODIFY COMMENT 'Frozen baselines of the releases that serve or served: what each was released with, and every renewal since.';
ALTER TABLE baselines COMMENT COLUMN `feature` 'label, confidence, length, language, or a feature of the text by its name.';

ALTER TABLE histograms
  ADD COLUMN IF NOT EXISTS `kind` LowCardinality(String) COMMENT 'Kind of the source messages, comment or prompt; empty in rows of before this column: any.',
  MODIFY ORDER BY (`release`, `feature`, `minute`, `tenant`, `bin`, `kind`);
ALTER TABLE histograms MODIFY COMMENT 'Results, and texts, per minute, release, kind, feature and bin. Read with sum(count): rows are summed when parts merge.';
ALTER TABLE histograms COMMENT COLUMN `release` 'Release that answered, task@version; empty for features of the texts, which no release had a say in.';
ALTER TABLE histograms COMMENT COLUMN `feature` 'label, confidence, length, language, or a feature of the text by its name.';
ALTER TABLE histograms COMMENT COLUMN `bin` 'Label or language, or the index of the bin between the edges; missing where there was no value.';

DROP VIEW IF EXISTS histograms_from_predictions;

-- As in 0003, with the kind, and with a bin for what is missing. A release may have a baseline for each kind of message.
-- A result without a label is no answer, but the silence of a candidate on trial that failed or was late: it is not counted.
CREATE MATERIALIZED VIEW IF NOT EXISTS histograms_from_predictions TO histograms AS
SELECT minute, tenant, release, observed.1 AS feature, observed.2 AS bin, sum(results) AS count, kind
FROM (
  SELECT minute, tenant, kind, release, label, language, confidenceBin, lengthBin, count() AS results
  FROM (
    SELECT
      minute, tenant, kind, release, label, language,
      multiIf(
        empty(confidenceEdges), '',
        isNaN(confidence), 'missing',
        toString(arrayCount(edge -> edge <= confidence, confidenceEdges))
      ) AS confidenceBin,
      if(empty(lengthEdges), '', toString(arrayCount(edge -> edge <= textLength, lengthEdges))) AS lengthBin
    FROM (
      SELECT
        toStartOfMinute(eventTime) AS minute, tenant, kind, language, textLength,
        result.1 AS release, result.2 AS label, result.3 AS confidence
      FROM predictions
      ARRAY JOIN arrayFilter(answer -> answer.2 != '', arrayZip(`results.release`, `results.label`, `results.confidence`)) AS result
    ) AS observations
    ANY LEFT JOIN (
      SELECT
        release, said AS kind,
        argMaxIf(edges, messages != '', feature = 'confidence') AS confidenceEdges,
        argMaxIf(edges, messages != '', feature = 'length') AS lengthEdges
      FROM (
        SELECT release, feature, messages, edges, arrayJoin(if(messages = '', ['comment', 'prompt'], [toString(messages)])) AS said
        FROM baselines
        WHERE baselines.kind = 'numeric'
      )
      GROUP BY release, said
    ) AS frozen USING (release, kind)
  )
  GROUP BY minute, tenant, kind, release, label, language, confidenceBin, lengthBin
)
ARRAY JOIN arrayFilter(observation -> observation.2 != '', [
  ('label', toString(label)),
  ('language', if(language = '', 'missing', toString(language))),
  ('confidence', confidenceBin),
  ('length', lengthBin)
]) AS observed
GROUP BY minute, tenant, kind, release, feature, bin;

-- The features of texts, on the bins of schemas/feature-bins.ts, which never move (a test compares the two).
CREATE MATERIALIZED VIEW IF NOT EXISTS histograms_from_features TO histograms AS
SELECT minute, tenant, '' AS release, feature, if(place = 255, 'missing', toString(place)) AS bin, texts AS count, kind
FROM (
  SELECT toStartOfMinute(eventTime) AS minute, tenant, kind, feature, place, count() AS texts
  FROM features
  ARRAY JOIN [
    'characters', 'words', 'sentences', 'wordLength', 'sentenceLength', 'uniqueWordRatio', 'rootTypeTokenRatio',
    'onceOnlyRatio', 'longWords', 'syllablesPerWord', 'readingEase', 'numbers', 'hasNumbers', 'hasQuotes',
    'questionMarks', 'exclamationMarks', 'asksForExample', 'asksForDetail', 'asksForFormat', 'listItems',
    'codeBlocks', 'urls', 'emails', 'upperCaseRatio', 'emoji', 'mentions', 'hashtags', 'punctuationRatio',
    'longestRepeat', 'lines', 'nonLatinRatio'
  ] AS feature, [
    if(isNaN(`characters`), 255, arrayCount(edge -> edge <= `characters`, [10, 20, 28, 36, 44, 54, 66, 80, 100, 130, 180, 300, 600, 1200])),
    if(isNaN(`words`), 255, arrayCount(edge -> edge <= `words`, [3, 5, 6, 7, 8, 10, 12, 14, 17, 21, 30, 60, 120, 240])),
    if(isNaN(`sentences`), 255, arrayCount(edge -> edge <= `sentences`, [2, 3, 4, 6, 11, 21])),
    if(isNaN(`wordLength`), 255, arrayCount(edge -> edge <= `wordLength`, [3, 3.4, 3.65, 3.9, 4.1, 4.35, 4.6, 4.95, 5.55, 6.55, 8.55])),
    if(isNaN(`sentenceLength`), 255, arrayCount(edge -> edge <= `sentenceLength`, [2.95, 4.45, 5.95, 7.05, 8.05, 9.55, 11.55, 14.05, 17.55, 21.05, 30.05])),
    if(isNaN(`uniqueWordRatio`), 255, arrayCount(edge -> edge <= `uniqueWordRatio`, [0.49, 0.61, 0.73, 0.82, 0.87, 0.91, 0.94, 0.99])),
    if(isNaN(`rootTypeTokenRatio`), 255, arrayCount(edge -> edge <= `rootTypeTokenRatio`, [1.7, 2.1, 2.4, 2.6, 2.9, 3.1, 3.4, 3.7, 4.1, 4.7, 6.1, 8.1])),
    if(isNaN(`onceOnlyRatio`), 255, arrayCount(edge -> edge <= `onceOnlyRatio`, [0.56, 0.66, 0.74, 0.82, 0.87, 0.91, 0.94, 0.99])),
    if(isNaN(`longWords`), 255, arrayCount(edge -> edge <= `longWords`, [1, 2, 3, 4, 6, 9, 15, 30])),
    if(isNaN(`syllablesPerWord`), 255, arrayCount(edge -> edge <= `syllablesPerWord`, [0.5, 1.05, 1.15, 1.22, 1.28, 1.35, 1.45, 1.55, 1.75, 2.05, 2.55])),
    if(isNaN(`readingEase`), 255, arrayCount(edge -> edge <= `readingEase`, [0.5, 30, 45, 55, 63, 70, 77, 83, 89, 95, 99.5])),
    if(isNaN(`numbers`), 255, arrayCount(edge -> edge <= `numbers`, [1, 2, 3, 5])),
    if(isNaN(`hasNumbers`), 255, arrayCount(edge -> edge <= `hasNumbers`, [0.5])),
    if(isNaN(`hasQuotes`), 255, arrayCount(edge -> edge <= `hasQuotes`, [0.5])),
    if(isNaN(`questionMarks`), 255, arrayCount(edge -> edge <= `questionMarks`, [1, 2, 3, 5])),
    if(isNaN(`exclamationMarks`), 255, arrayCount(edge -> edge <= `exclamationMarks`, [1, 2, 3, 5])),
    if(isNaN(`asksForExample`), 255, arrayCount(edge -> edge <= `asksForExample`, [0.5])),
    if(isNaN(`asksForDetail`), 255, arrayCount(edge -> edge <= `asksForDetail`, [0.5])),
    if(isNaN(`asksForFormat`), 255, arrayCount(edge -> edge <= `asksForFormat`, [0.5])),
    if(isNaN(`listItems`), 255, arrayCount(edge -> edge <= `listItems`, [1, 2, 3, 5])),
    if(isNaN(`codeBlocks`), 255, arrayCount(edge -> edge <= `codeBlocks`, [1, 2, 3, 5])),
    if(isNaN(`urls`), 255, arrayCount(edge -> edge <= `urls`, [1, 2, 3, 5])),
    if(isNaN(`emails`), 255, arrayCount(edge -> edge <= `emails`, [1, 2, 3, 5])),
    if(isNaN(`upperCaseRatio`), 255, arrayCount(edge -> edge <= `upperCaseRatio`, [0.001, 0.021, 0.031, 0.041, 0.051, 0.071, 0.101, 0.151, 0.301, 0.601])),
    if(isNaN(`emoji`), 255, arrayCount(edge -> edge <= `emoji`, [1, 2, 3, 5])),
    if(isNaN(`mentions`), 255, arrayCount(edge -> edge <= `mentions`, [1, 2, 3, 5])),
    if(isNaN(`hashtags`), 255, arrayCount(edge -> edge <= `hashtags`, [1, 2, 3, 5])),
    if(isNaN(`punctuationRatio`), 255, arrayCount(edge -> edge <= `punctuationRatio`, [0.001, 0.016, 0.024, 0.031, 0.041, 0.051, 0.066, 0.091, 0.131, 0.201])),
    if(isNaN(`longestRepeat`), 255, arrayCount(edge -> edge <= `longestRepeat`, [2, 3, 4, 6])),
    if(isNaN(`lines`), 255, arrayCount(edge -> edge <= `lines`, [2, 3, 5, 10, 20])),
    if(isNaN(`nonLatinRatio`), 255, arrayCount(edge -> edge <= `nonLatinRatio`, [0.001, 0.1, 0.5, 0.9, 0.999]))
  ]::Array(UInt8) AS place
  GROUP BY minute, tenant, kind, feature, place
);

-- What expected accuracy and calibration are made of: fiftieths of confidence, which never move either.
CREATE TABLE IF NOT EXISTS confidences (
  `minute` DateTime('UTC') COMMENT 'First instant of the minute in which the source messages happened, by their producers'' clocks.' CODEC(Delta(4), ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the messages belong to.',
  `kind` LowCardinality(String) COMMENT 'Kind of the source messages, comment or prompt.',
  `release` LowCardinality(String) COMMENT 'Release that answered, task@version.',
  `label` LowCardinality(String) COMMENT 'Its answer.',
  `bin` UInt8 COMMENT 'Fiftieth of confidence: bin i holds [i/50, (i + 1)/50), the last one 1 too.',
  `count` UInt64 COMMENT 'Results in the bin.' CODEC(T64, ZSTD(1)),
  `millionths` UInt64 COMMENT 'Sum of their confidences, each rounded to millionths, so that the sum does not depend on its order.' CODEC(T64, ZSTD(1))
) ENGINE = SummingMergeTree((`count`, `millionths`))
ORDER BY (`release`, `minute`, `tenant`, `kind`, `label`, `bin`)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Results and their confidences per minute, release and answer. Read with sum(): rows are summed when parts merge.';

CREATE MATERIALIZED VIEW IF NOT EXISTS confidences_from_predictions TO confidences AS
SELECT
  minute, tenant, kind, release, label,
  toUInt8(least(49, floor(confidence * 50))) AS bin,
  count() AS count,
  sum(toUInt64(round(confidence * 1000000))) AS millionths
FROM (
  SELECT
    toStartOfMinute(eventTime) AS minute, tenant, kind,
    result.1 AS release, result.2 AS label, toFloat64(result.3) AS confidence
  FROM predictions
  ARRAY JOIN arrayFilter(answer -> answer.2 != '', arrayZip(`results.release`, `results.label`, `results.confidence`)) AS result
)
WHERE confidence >= 0 AND confidence <= 1
GROUP BY minute, tenant, kind, release, label, bin;
