// The inference processor: features in, predictions out. Every model of a message’s kind answers, in one message.
import { type Features, featureAt, type Kind } from '../../schemas/features.ts';
import { derivedId } from '../../schemas/identity.ts';
import { type Outcome, ok, type Process } from '../../schemas/outcome.ts';
import type { Prediction, Result } from '../../schemas/prediction.ts';
import { calibrated } from './calibration.ts';
import type { Answers } from './engine.ts';
import { type LanguagePolicy, narrowed } from './language-policy.ts';

/** What the processor needs of an engine. */
export interface Predictor {
  predict(tasks: readonly string[], texts: readonly string[]): Promise<readonly Answers[]>;
}

export interface InferenceOptions {
  readonly engine: Predictor;
  /** Tasks of each kind of message, in the order of the results. */
  readonly tasks: Readonly<Record<Kind, readonly string[]>>;
  /** Which languages are expected of whom; without it every language the model knows. */
  readonly languages?: LanguagePolicy;
}

const labelsMax = 3;
const probabilityMin = 0.01;
const languageTask = 'language';
const undetermined = 'und';

/** Messages of one kind are answered together. Throws what the engine throws. */
export function createInference({
  engine,
  tasks,
  languages,
}: InferenceOptions): Process<Features, Prediction> {
  return async (batch) => {
    const outcomes = new Array<Outcome<Prediction>>(batch.length);
    const answerKind = async (kind: Kind) => {
      const places = [...batch.keys()].filter((index) => batch[index]!.kind === kind);
      if (places.length === 0) return;
      const answers = await engine.predict(
        tasks[kind],
        places.map((place) => batch[place]!.text),
      );
      places.forEach((place, row) => {
        outcomes[place] = ok(predictionOf(batch[place]!, answers, row, languages));
      });
    };
    await Promise.all([answerKind('comment'), answerKind('prompt')]);
    return outcomes;
  };
}

function predictionOf(
  message: Features,
  answers: readonly Answers[],
  row: number,
  languages: LanguagePolicy | undefined,
): Prediction {
  const results = answers.map((answer) =>
    answer.task === languageTask && languages !== undefined
      ? resultOf(narrowed(answer, row, languages, message.tenant), 0)
      : resultOf(answer, row),
  );
  return {
    id: derivedId(message.messageId, 'inference', ...answers.map(({ release }) => release)),
    tenant: message.tenant,
    eventTime: message.eventTime,
    ingestTime: message.ingestTime,
    source: message.source,
    traceparent: message.traceparent,
    messageId: message.messageId,
    kind: message.kind,
    values: message.kind === 'prompt' ? message.values : null,
    textLength: message.values[featureAt.characters]!,
    language: results.find(({ task }) => task === languageTask)?.label ?? undetermined,
    results,
  };
}

/**
 * One model’s answer about one text: its leading labels, those below one per cent left out. Where the answers are
 * scores in points (activation `identity`), all of them in the model’s order, as shares of 100, the first one leading.
 */
export function resultOf(answers: Answers, row: number): Result {
  const { task, release, labels, probabilities, curve, emptyLabel } = answers;
  const start = row * labels.length;
  if (answers.activation === 'identity') return scoresOf(answers, start);
  const leading: number[] = [];
  for (let label = 0; label < labels.length; label++) {
    const probability = probabilities[start + label]!;
    if (probability < probabilityMin) continue;
    let place = leading.length;
    while (place > 0 && probability > probabilities[start + leading[place - 1]!]!) place--;
    leading.splice(place, 0, label);
    if (leading.length > labelsMax) leading.pop();
  }
  const first = leading.length > 0 ? probabilities[start + leading[0]!]! : 0;
  return {
    task,
    release,
    label: leading.length > 0 ? labels[leading[0]!]! : emptyLabel,
    confidence: curve === undefined || leading.length === 0 ? first : calibrated(curve, first),
    labels: leading.map((label) => labels[label]!),
    probabilities: leading.map((label) => probabilities[start + label]!),
  };
}

function scoresOf({ task, release, labels, probabilities }: Answers, start: number): Result {
  const shares = labels.map((_, label) => Math.min(1, Math.max(0, probabilities[start + label]! / 100)));
  return {
    task,
    release,
    label: labels[0]!,
    confidence: shares[0]!,
    labels: [...labels],
    probabilities: shares,
  };
}
