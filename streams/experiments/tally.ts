// What the arms of an experiment have done so far, counted in ClickHouse from the stored predictions and their labels.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { ArmTally } from '../../processors/experiments/decision.ts';
import type { PairTally } from '../../processors/experiments/sequential-test.ts';
import type { Experiment } from '../../processors/experiments/task-state.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';

export interface Tally {
  /** On the same messages, which both answered: the shadow. */
  readonly shadow: { readonly control: ArmTally; readonly treatment: ArmTally; readonly pairs: PairTally };
  /** On the messages of either arm: the canary. */
  readonly canary: { readonly control: ArmTally; readonly treatment: ArmTally };
  /** The most frequent differences in the shadow: what the control said, what the candidate said, how often. */
  readonly flips: readonly { readonly from: string; readonly to: string; readonly messages: number }[];
  /** Span of the event times of messages that the candidate answered, ms since 1970; null while there are none. */
  readonly span: { readonly from: number; readonly to: number } | null;
}

type Answering = Pick<ModelManifest, 'task' | 'release' | 'activation' | 'abstainBelow'>;

/** What of their manifests says how to read the answers of both. */
export interface Arms {
  readonly control: Answering;
  readonly treatment: Answering;
}

type Running = Pick<Experiment, 'shadowedAt' | 'canariedAt'>;

/** Points of a score that two answers, or an answer and its label, may be apart and still be the same. */
const pointsApart = 15;
/** Past every time that a record can have. */
const never = 9_999_999_999_999;

/** Counts an experiment of a task since it began. Throws `Retryable` while ClickHouse does not answer. */
export async function tallyOf(
  clickhouse: Pick<Clickhouse, 'query'>,
  { shadowedAt, canariedAt }: Running,
  { control, treatment }: Arms,
): Promise<Tally> {
  const isScore = control.activation === 'identity';
  const parameters = {
    task: control.task,
    control: control.release,
    treatment: treatment.release,
    controlAbstains: control.abstainBelow ?? 0,
    treatmentAbstains: treatment.abstainBelow ?? 0,
    since: shadowedAt,
    canaried: canariedAt ?? never,
  };
  const counts = await clickhouse.query<Counts>(countsSql(isScore), parameters);
  const span = spanOf(counts);
  if (span === null) return { ...assembled(counts, [], isScore), flips: [], span };
  const labelSpan = { from: Math.min(...counts.map(({ first }) => first)), to: span.to };
  const labels = await clickhouse.query<Labels>(labelsSql, { ...parameters, ...labelSpan });
  const flips = isScore ? [] : await clickhouse.query<Tally['flips'][number]>(flipsSql, parameters);
  return { ...assembled(counts, labels, isScore), flips, span };
}

/** Rows of the time of an experiment: by when they came for the topic, for what producers say of time may be of long ago. */
const storedSql = '_time >= fromUnixTimestamp64Milli({since:Int64})';

/** How many predictions, of whatever task, were stored since an experiment began. Throws `Retryable`. */
export async function storedSince(
  clickhouse: Pick<Clickhouse, 'query'>,
  { shadowedAt }: Pick<Experiment, 'shadowedAt'>,
): Promise<number> {
  const [row] = await clickhouse.query<{ stored: number }>(
    `SELECT toUInt32(count()) AS stored FROM predictions WHERE ${storedSql}`,
    { since: shadowedAt },
  );
  return row!.stored;
}

/**
 * The messages of an experiment, each once: what either release said, and the part it has. `shadow`: both answered, the
 * control served. `treatment`, `control`: the one that served in the canary. `silent`: the candidate did not answer. What
 * the candidate of another experiment served has no part, and before the canary neither has what only another one watched.
 */
const answersSql = `(
  SELECT tenant, messageId,
    tupleElement(earliest, 1) AS time, tupleElement(earliest, 2) AS part,
    tupleElement(earliest, 3) AS ownLabel, tupleElement(earliest, 4) AS ownConfidence,
    tupleElement(earliest, 5) AS otherLabel, tupleElement(earliest, 6) AS otherConfidence
  FROM (
    SELECT tenant, messageId,
      argMin(
        (eventTime, part, tupleElement(own, 2), tupleElement(own, 3), tupleElement(other, 2), tupleElement(other, 3)),
        (_time, _partition, _offset)
      ) AS earliest
    FROM (
      SELECT tenant, messageId, eventTime, _time, _partition, _offset, own, other, tupleElement(other, 4) AS arm,
        multiIf(
          arm = 'treatment', 'treatment',
          arm = 'shadow' AND tupleElement(other, 2) != '', 'shadow',
          arm = 'shadow', if(_time < fromUnixTimestamp64Milli({canaried:Int64}), 'silent', 'canary-silent'),
          tupleElement(own, 4) = 'control' AND _time >= fromUnixTimestamp64Milli({canaried:Int64}), 'control',
          ''
        ) AS part
      FROM (
        SELECT tenant, messageId, eventTime, _time, _partition, _offset,
          arrayFilter(
            answer -> tupleElement(answer, 4) != '' AND tupleElement(answer, 5) = {task:String},
            arrayZip(\`results.release\`, \`results.label\`, \`results.confidence\`,
              arrayMap(arm -> ifNull(toString(arm), ''), \`results.arm\`), \`results.task\`)
          ) AS answers,
          arrayFirst(answer -> tupleElement(answer, 1) = {control:String}, answers) AS own,
          arrayFirst(answer -> tupleElement(answer, 1) = {treatment:String}, answers) AS other
        FROM predictions
        WHERE ${storedSql}
          AND arrayExists(arm -> arm IS NOT NULL, \`results.arm\`)
      )
      WHERE part != ''
    )
    GROUP BY tenant, messageId
  )
)`;

interface Counts {
  readonly part: 'shadow' | 'silent' | 'control' | 'treatment' | 'canary-silent';
  readonly messages: number;
  readonly ownConfidence: number;
  readonly otherConfidence: number;
  readonly ownAbstained: number;
  readonly otherAbstained: number;
  readonly disagreements: number;
  readonly first: number;
  readonly last: number;
}

const countsSql = (isScore: boolean): string => `
SELECT part, toUInt32(count()) AS messages,
  sum(toFloat64(answers.ownConfidence)) AS ownConfidence, sum(toFloat64(answers.otherConfidence)) AS otherConfidence,
  toUInt32(countIf(answers.ownConfidence < {controlAbstains:Float64})) AS ownAbstained,
  toUInt32(countIf(answers.otherConfidence < {treatmentAbstains:Float64})) AS otherAbstained,
  toUInt32(countIf(${isScore ? `abs(answers.ownConfidence - answers.otherConfidence) > ${pointsApart / 100}` : 'ownLabel != otherLabel'})) AS disagreements,
  toUnixTimestamp64Milli(min(time)) AS first, toUnixTimestamp64Milli(max(time)) AS last
FROM ${answersSql} AS answers
GROUP BY part`;

const flipsSql = `
SELECT ownLabel AS from, otherLabel AS to, toUInt32(count()) AS messages
FROM ${answersSql}
WHERE part = 'shadow' AND ownLabel != otherLabel
GROUP BY from, to ORDER BY messages DESC, from, to LIMIT 5`;

interface Labels {
  readonly part: Counts['part'];
  readonly own: number;
  readonly other: number;
  readonly messages: number;
}

/** Thumbs down say of the served answer that it is wrong, and of another one nothing. */
const labelsSql = `
SELECT part, own, other, toUInt32(count()) AS messages
FROM (
  SELECT part, label IS NOT NULL OR value IS NOT NULL AS isKnown,
    toUInt8(multiIf(label IS NOT NULL, ownLabel = assumeNotNull(label), value IS NOT NULL,
      abs(assumeNotNull(value) - 100 * ownConfidence) <= ${pointsApart}, correct)) AS own,
    toUInt8(multiIf(label IS NOT NULL, otherLabel = assumeNotNull(label), value IS NOT NULL,
      abs(assumeNotNull(value) - 100 * otherConfidence) <= ${pointsApart}, correct)) AS other
  FROM ${answersSql} AS answers
  INNER JOIN (
    SELECT tenant, messageId, label, value, correct
    FROM resolved_feedback(task = {task:String}, from = {from:Int64}, to = {to:Int64}, since = 0)
  ) AS said USING (tenant, messageId)
  WHERE isKnown OR part != 'shadow' OR ownLabel = otherLabel
)
GROUP BY part, own, other`;

/** Event times of what the candidate answered; the end is not included. */
function spanOf(counts: readonly Counts[]): Tally['span'] {
  const answered = counts.filter(({ part }) => part === 'shadow' || part === 'treatment');
  if (answered.length === 0) return null;
  return {
    from: Math.min(...answered.map(({ first }) => first)),
    to: Math.max(...counts.map(({ last }) => last)) + 1,
  };
}

function assembled(
  counts: readonly Counts[],
  labels: readonly Labels[],
  isScore: boolean,
): Pick<Tally, 'shadow' | 'canary'> {
  const arm = (side: 'own' | 'other', part: Counts['part'], silentPart?: Counts['part']): ArmTally => {
    const [answered, silent] = [countsOf(counts, part), countsOf(counts, silentPart)];
    const messages = answered.messages + silent.messages;
    const labelled = labels.filter((each) => each.part === part);
    const isTreatment = side === 'other';
    return {
      messages,
      labelled: sumOf(labelled),
      correct: sumOf(labelled.filter((each) => each[side] === 1)),
      // A score has no confidence: neither side is expected to be wrong.
      confidenceSum: isScore
        ? messages
        : answered[`${side}Confidence`] + (isTreatment ? 0 : silent.ownConfidence),
      abstained: answered[`${side}Abstained`] + (isTreatment ? 0 : silent.ownAbstained),
      errors: isTreatment ? silent.messages : 0,
      ...(part === 'shadow' && isTreatment
        ? { compared: answered.messages, disagreements: answered.disagreements }
        : {}),
    };
  };
  const pair = (own: number, other: number): number =>
    sumOf(labels.filter((each) => each.part === 'shadow' && each.own === own && each.other === other));
  return {
    shadow: {
      control: arm('own', 'shadow', 'silent'),
      treatment: arm('other', 'shadow', 'silent'),
      pairs: {
        bothCorrect: pair(1, 1),
        controlOnly: pair(1, 0),
        treatmentOnly: pair(0, 1),
        bothWrong: pair(0, 0),
      },
    },
    canary: { control: arm('own', 'control'), treatment: arm('other', 'treatment', 'canary-silent') },
  };
}

const none: Omit<Counts, 'part'> = {
  messages: 0,
  ownConfidence: 0,
  otherConfidence: 0,
  ownAbstained: 0,
  otherAbstained: 0,
  disagreements: 0,
  first: 0,
  last: 0,
};

const countsOf = (counts: readonly Counts[], part: Counts['part'] | undefined): Omit<Counts, 'part'> =>
  counts.find((each) => each.part === part) ?? none;

const sumOf = (rows: readonly { readonly messages: number }[]): number =>
  rows.reduce((sum, { messages }) => sum + messages, 0);
