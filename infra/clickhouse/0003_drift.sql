-- Drift: what each release was released with (baselines), and what it sees now, per minute (histograms).

CREATE TABLE IF NOT EXISTS baselines (
  `release` LowCardinality(String) COMMENT 'Release the baseline was frozen with, task@version.',
  `feature` LowCardinality(String) COMMENT 'label, confidence, length or language.',
  `kind` LowCardinality(String) COMMENT 'numeric or categorical.',
  `edges` Array(Float64) COMMENT 'Ascending inner edges of a numeric feature: n edges make n + 1 bins, bin i holds [edges[i-1], edges[i]).',
  `bins` Array(String) COMMENT 'Names of the bins; of a numeric feature, their indexes.',
  `counts` Array(UInt64) COMMENT 'Reference rows in each bin.',
  `samples` UInt64 COMMENT 'Reference rows in all.'
) ENGINE = ReplacingMergeTree
ORDER BY (`release`, `feature`)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Frozen training baselines of the releases that serve or served.';

CREATE TABLE IF NOT EXISTS histograms (
  `minute` DateTime('UTC') COMMENT 'First instant of the minute in which the source messages happened, by their producers'' clocks.' CODEC(Delta(4), ZSTD(1)),
  `tenant` LowCardinality(String) COMMENT 'Who the messages belong to.',
  `release` LowCardinality(String) COMMENT 'Release that answered, task@version.',
  `feature` LowCardinality(String) COMMENT 'label, confidence, length or language.',
  `bin` String COMMENT 'Label or language, or the index of the bin between the edges of the baseline.' CODEC(ZSTD(1)),
  `count` UInt64 COMMENT 'Results in the bin.' CODEC(T64, ZSTD(1))
) ENGINE = SummingMergeTree(`count`)
ORDER BY (`release`, `feature`, `minute`, `tenant`, `bin`)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Results per minute, release, feature and bin. Read with sum(count): rows are summed when parts merge.';

-- Labels and languages are their own bins. Numbers are placed between the edges of their release's baseline; those of a
-- release without a baseline are left out until it has one. Results are counted per combination first, because adding
-- up few combinations four ways is cheaper than counting every result four times.
CREATE MATERIALIZED VIEW IF NOT EXISTS histograms_from_predictions TO histograms AS
SELECT minute, tenant, release, observed.1 AS feature, observed.2 AS bin, sum(results) AS count
FROM (
  SELECT minute, tenant, release, label, language, confidenceBin, lengthBin, count() AS results
  FROM (
    SELECT
      minute, tenant, release, label, language,
      if(empty(confidenceEdges), '', toString(arrayCount(edge -> edge <= confidence, confidenceEdges))) AS confidenceBin,
      if(empty(lengthEdges), '', toString(arrayCount(edge -> edge <= textLength, lengthEdges))) AS lengthBin
    FROM (
      SELECT
        toStartOfMinute(eventTime) AS minute, tenant, language, textLength,
        result.1 AS release, result.2 AS label, result.3 AS confidence
      FROM predictions
      ARRAY JOIN arrayZip(`results.release`, `results.label`, `results.confidence`) AS result
    ) AS observations
    ANY LEFT JOIN (
      SELECT release, anyIf(edges, feature = 'confidence') AS confidenceEdges, anyIf(edges, feature = 'length') AS lengthEdges
      FROM baselines
      WHERE kind = 'numeric'
      GROUP BY release
    ) AS frozen USING (release)
  )
  GROUP BY minute, tenant, release, label, language, confidenceBin, lengthBin
)
ARRAY JOIN arrayFilter(observation -> observation.2 != '', [
  ('label', toString(label)),
  ('language', toString(language)),
  ('confidence', confidenceBin),
  ('length', lengthBin)
]) AS observed
GROUP BY minute, tenant, release, feature, bin;
