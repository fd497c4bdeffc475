// The inference processor: features in, predictions out. Every model of a message’s kind answers, in one message.
import { type Features, featureAt, type Kind } from '../../schemas/features.ts';
import { derivedId } from '../../schemas/identity.ts';
import { type Outcome, ok, type Process } from '../../schemas/outcome.ts';
import type { Prediction, Result } from '../../schemas/prediction.ts';
import type { Answers } from './engine.ts';

/** What the processor needs of an engine. */
export interface Predictor {
  predict(tasks: readonly string[], texts: readonly string[]): Promise<readonly Answers[]>;
}

export interface InferenceOptions {
  readonly engine: Predictor;
  /** Tasks of each kind of message, in the order of the results. */
  readonly tasks: Readonly<Record<Kind, readonly string[]>>;
}

const labelsMax = 3;
const probabilityMin = 0.01;
const languageTask = 'language';
const undetermined = 'und';

/** Messages of one kind are answered together. Throws what the engine throws. */
export function createInference({ engine, tasks }: InferenceOptions): Process<Features, Prediction> {
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
        outcomes[place] = ok(predictionOf(batch[place]!, answers, row));
      });
    };
    await Promise.all([answerKind('comment'), answerKind('prompt')]);
    return outcomes;
  };
}

function predictionOf(message: Features, answers: readonly Answers[], row: number): Prediction {
  const results = answers.map((answer) => resultOf(answer, row));
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

/** One model’s answer about one text: its leading labels, those below one per cent left out. */
export function resultOf(answers: Answers, row: number): Result {
  const { task, release, labels, probabilities, emptyLabel } = answers;
  const start = row * labels.length;
  const leading: number[] = [];
  for (let label = 0; label < labels.length; label++) {
    const probability = probabilities[start + label]!;
    if (probability < probabilityMin) continue;
    let place = leading.length;
    while (place > 0 && probability > probabilities[start + leading[place - 1]!]!) place--;
    leading.splice(place, 0, label);
    if (leading.length > labelsMax) leading.pop();
  }
  return {
    task,
    release,
    label: leading.length > 0 ? labels[leading[0]!]! : emptyLabel,
    confidence: leading.length > 0 ? probabilities[start + leading[0]!]! : 0,
    labels: leading.map((label) => labels[label]!),
    probabilities: leading.map((label) => probabilities[start + label]!),
  };
}
