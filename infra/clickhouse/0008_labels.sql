-- Feedback joined to the answers it is about, and resolved to one label for each message and task (docs/labels.md).
-- Everything is computed when it is asked for: a label joins whenever it arrives, and there is no state that could lag.

-- Who is believed: a reviewer before a user before a system, whatever the time; of one authority an explicit label before
-- a value before thumbs; among equals the newest by event time, ties by id. Thumbs up confirm the served answer; thumbs
-- down refute it, which names the other label where the release knows two. A value is compared with the score, the share
-- of the first label; where the release knows two labels and one is `not-` something, with that of the other one, which
-- it names from 50 points on; where it knows more, a value says nothing. What a release knows is in its baseline.
-- Feedback with one id counts once. The served answer is the newest whose arm is not `shadow`. Messages of [from, to) only (ms since 1970), those with feedback that
-- arrived since `since` and is at most 90 days late; every task where task is ''. One row for each message and task with a word that says anything.
CREATE VIEW IF NOT EXISTS resolved_feedback AS
WITH
  served AS (
    SELECT tenant, messageId, result.1 AS task,
      argMax((kind, eventTime, language, result.2, result.7, result.3, result.4, result.5, result.6), (_time, _partition, _offset)) AS answer
    FROM (
      SELECT tenant, messageId, kind, eventTime, language, _time, _partition, _offset,
        arrayFilter(
          result -> ({task:String} = '' OR result.1 = {task:String}) AND ifNull(result.7, '') != 'shadow',
          arrayZip(`results.task`, `results.release`, `results.label`, `results.confidence`, `results.labels`,
            `results.probabilities`, `results.arm`)
        ) AS answers
      FROM predictions
      WHERE eventTime >= fromUnixTimestamp64Milli({from:Int64}) AND eventTime < fromUnixTimestamp64Milli({to:Int64})
        AND ingestTime >= fromUnixTimestamp64Milli({since:Int64}) - INTERVAL 90 DAY
        AND messageId IN (
          SELECT messageId FROM feedback
          WHERE ({task:String} = '' OR task = {task:String}) AND ingestTime >= fromUnixTimestamp64Milli({since:Int64})
        )
    )
    ARRAY JOIN answers AS result
    GROUP BY tenant, messageId, task
  ),
  words AS (
    SELECT served.tenant AS tenant, task, messageId, feedback.id AS id, any(answer) AS answer,
      argMin((label, value, agrees, by, eventTime, ingestTime), (_time, _partition, _offset)) AS word
    FROM served
    INNER JOIN feedback USING (tenant, task, messageId)
    WHERE ({task:String} = '' OR feedback.task = {task:String})
      AND (label IS NOT NULL OR value IS NOT NULL OR agrees IS NOT NULL)
    GROUP BY tenant, task, messageId, id
  ),
  known AS (
    SELECT release, groupUniqArrayArray(bins) AS names FROM baselines WHERE feature = 'label' GROUP BY release
  ),
  meanings AS (
    SELECT tenant, task, messageId, id, answer.1 AS kind, answer.2 AS eventTime, answer.3 AS language,
      answer.4 AS release, answer.5 AS arm, toString(answer.6) AS answered, answer.7 AS confidence, answer.8 AS labels,
      answer.9 AS probabilities,
      word.1 AS label, word.2 AS value, word.3 AS agrees, ifNull(word.4, 'system') AS by, word.6 AS arrived,
      if(length(names) = 2 AND has(names, answered), arrayFirst(name -> name != answered, names), NULL) AS other,
      if(length(names) = 2 AND arrayCount(name -> startsWith(name, 'not-'), names) = 1,
        arrayFirst(name -> NOT startsWith(name, 'not-'), names), NULL) AS positive,
      100 * multiIf(
        length(names) < 2, toNullable(confidence),
        positive IS NULL, NULL,
        has(labels, positive), probabilities[indexOf(labels, positive)],
        1 - arraySum(probabilities)
      ) AS score,
      multiIf(label IS NOT NULL, 3, value IS NOT NULL AND score IS NOT NULL, 2, agrees IS NOT NULL, 1, 0) AS form,
      multiIf(
        form = 3, toString(label),
        form = 2, if(positive IS NULL, NULL, if(value >= 50, positive, arrayFirst(name -> name != positive, names))),
        agrees, answered,
        other
      ) AS saysLabel,
      if(form = 2, value, NULL) AS saysValue,
      ifNull(multiIf(form = 1, agrees, saysLabel IS NULL, abs(value - score) <= 15, saysLabel = answered), false) AS saysCorrect,
      if(form = 2, abs(value - score), if(saysCorrect, 0, 100)) AS saysError,
      (multiIf(by = 'reviewer', 2, by = 'user', 1, 0), form, word.5, id) AS weight
    FROM words
    LEFT JOIN known ON known.release = answer.4
    WHERE form > 0
  )
SELECT task, messageId, tenant, any(kind) AS kind, any(eventTime) AS eventTime, any(language) AS language,
  any(release) AS release, any(arm) AS arm, any(answered) AS answer, any(confidence) AS confidence,
  any(labels) AS labels, any(probabilities) AS probabilities,
  argMax((saysLabel, saysValue, saysCorrect, saysError), weight) AS winner,
  winner.1 AS label, winner.2 AS value, winner.3 AS correct, assumeNotNull(winner.4) AS error,
  argMax(by, weight) AS by,
  groupArray((saysLabel, saysValue, saysCorrect, arrived)) AS sayings,
  arrayMin(arrayMap(
    saying -> saying.4,
    arrayFilter(
      saying -> isNotDistinctFrom(saying.1, label) AND isNotDistinctFrom(saying.2, value) AND saying.3 = correct,
      sayings
    )
  )) AS labelledAt,
  length(sayings) AS votes,
  arrayCount(saying -> saying.3 != correct OR ifNull(saying.1 != label, false), sayings) AS conflicting
FROM meanings
GROUP BY task, tenant, messageId;

CREATE VIEW IF NOT EXISTS labels AS
SELECT task, messageId, tenant, kind, eventTime, label, value, by, labelledAt, votes, conflicting
FROM resolved_feedback(task = '', from = 0, to = 9999999999999, since = 0)
WHERE label IS NOT NULL OR value IS NOT NULL;

CREATE VIEW IF NOT EXISTS labelled_results AS
SELECT task, release, arm, messageId, tenant, kind, eventTime, language, label, value, answer, correct, error, confidence, by, labelledAt, votes, conflicting
FROM resolved_feedback(task = '', from = 0, to = 9999999999999, since = 0);
