-- What the loop of drift, retraining and experiments says besides: new columns, and the arm of a result in its view.

ALTER TABLE predictions
  ADD COLUMN IF NOT EXISTS `results.arm` Array(LowCardinality(Nullable(String))) COMMENT 'Part in an experiment: `control` or `treatment` served the message, `shadow` only watched.' AFTER `results.probabilities`;

ALTER TABLE drift_reports
  ADD COLUMN IF NOT EXISTS `kind` LowCardinality(Nullable(String)) COMMENT 'Which messages were looked at.' AFTER `release`,
  ADD COLUMN IF NOT EXISTS `dataScore` Nullable(Float64) COMMENT 'Share of the compared features of the texts that drifted; a window drifts from the job’s data threshold on. Unit: ratio (0–1).' AFTER `verdict`,
  ADD COLUMN IF NOT EXISTS `predictionScore` Nullable(Float64) COMMENT 'Jensen–Shannon distance of labels and confidence from the baseline, the larger of both. Unit: ratio (0–1).' AFTER `dataScore`,
  ADD COLUMN IF NOT EXISTS `expectedAccuracy` Nullable(Float64) COMMENT 'Accuracy that the calibrated confidences of the window promise. Unit: ratio (0–1).' AFTER `predictionScore`,
  ADD COLUMN IF NOT EXISTS `accuracy` Nullable(Float64) COMMENT 'Accuracy on the messages of the window that have a label by now. Unit: ratio (0–1).' AFTER `expectedAccuracy`,
  ADD COLUMN IF NOT EXISTS `labelled` Nullable(UInt32) COMMENT 'Messages that this accuracy rests on. Unit: messages.' AFTER `accuracy`,
  COMMENT COLUMN `statistics.feature` 'What was compared: `label`, `confidence`, `length`, `language`, a feature by its name, or what texts are compared by (`vocabulary`, `domain`).',
  COMMENT COLUMN `statistics.statistic` 'Which test, such as `psi` or `jensen-shannon`.',
  COMMENT COLUMN `statistics.drifted` 'Value at or above threshold, and significant where there is a p-value.',
  ADD COLUMN IF NOT EXISTS `statistics.pValue` Array(Nullable(Float64)) COMMENT 'Chance of such a value without drift, corrected for the number of features. Unit: probability.' AFTER `statistics.drifted`,
  ADD COLUMN IF NOT EXISTS `slices.feature` Array(LowCardinality(String)) COMMENT 'Feature.' AFTER `statistics.pValue`,
  ADD COLUMN IF NOT EXISTS `slices.bin` Array(LowCardinality(String)) COMMENT 'Value, or span of values, in words.' AFTER `slices.feature`,
  ADD COLUMN IF NOT EXISTS `slices.before` Array(Float64) COMMENT 'Share in the baseline. Unit: ratio (0–1).' AFTER `slices.bin`,
  ADD COLUMN IF NOT EXISTS `slices.after` Array(Float64) COMMENT 'Share in the window. Unit: ratio (0–1).' AFTER `slices.before`,
  ADD COLUMN IF NOT EXISTS `examples` Array(String) COMMENT 'Ids of messages from the parts that moved.' AFTER `slices.after`,
  ADD COLUMN IF NOT EXISTS `recommendations` Array(String) COMMENT 'What to do about it, for people.' AFTER `examples`,
  MODIFY COMMENT 'One window of one release’s traffic of one kind against the release’s frozen baseline.';

ALTER TABLE alerts
  ADD COLUMN IF NOT EXISTS `group` LowCardinality(Nullable(String)) COMMENT 'What it is told of together with: a task, a stream, a rule’s own word.' AFTER `summary`,
  MODIFY COMMENT 'Something a person should know, once when it begins, at each step of its escalation, and once when it ends.';

ALTER TABLE model_events
  COMMENT COLUMN `subject` '`task/event/…`, of its own for every record: compaction takes none away, and retention none either.',
  COMMENT COLUMN `release` 'Release the decision is about, `task@version`: the one that serves now of promoted, the one taken out of rolled-back, the candidate of an experiment.',
  ADD COLUMN IF NOT EXISTS `request` Nullable(String) COMMENT 'Id of the request for retraining that led here.' CODEC(ZSTD(1)) AFTER `release`,
  ADD COLUMN IF NOT EXISTS `experiment` Nullable(String) COMMENT 'Id of the experiment that it is part of.' CODEC(ZSTD(1)) AFTER `request`,
  ADD COLUMN IF NOT EXISTS `by` LowCardinality(Nullable(String)) COMMENT 'Who decided: `drift`, `trainer`, `experiments`, or a person’s user name.' AFTER `experiment`,
  MODIFY COMMENT 'A decision about a model, with its evidence. A compacted topic whose every record has a subject of its own: it is kept for ever, in order.';

CREATE OR REPLACE VIEW prediction_results AS
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
  result.6 AS probabilities,
  result.7 AS arm
FROM predictions
ARRAY JOIN arrayZip(
  `results.task`, `results.release`, `results.label`, `results.confidence`, `results.labels`, `results.probabilities`,
  `results.arm`
) AS result;
