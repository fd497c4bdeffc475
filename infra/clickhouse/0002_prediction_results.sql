-- Predictions as people query them: one row per message and task.

CREATE VIEW IF NOT EXISTS prediction_results AS
SELECT
  messageId,
  kind,
  tenant,
  source,
  traceparent,
  eventTime,
  ingestTime,
  textLength,
  language,
  result.1 AS task,
  result.2 AS release,
  result.3 AS label,
  result.4 AS confidence,
  result.5 AS labels,
  result.6 AS probabilities
FROM predictions
ARRAY JOIN arrayZip(
  `results.task`, `results.release`, `results.label`, `results.confidence`, `results.labels`, `results.probabilities`
) AS result;
