// The inference processor: features in, predictions out. Every model of a message’s kind answers, in one message.
import { type Features, featureAt, type Kind } from '../../schemas/features.ts';
import { derivedId, partDivider } from '../../schemas/identity.ts';
import { invalid, type Outcome, ok, type Process } from '../../schemas/outcome.ts';
import type { Prediction, Result } from '../../schemas/prediction.ts';
import { type Answer, type Armed, answerByArms, type Trial } from './arms.ts';
import { calibrated } from './calibration.ts';
import { ModelCrashed } from './call.ts';
import type { Answers } from './engine.ts';
import { type LanguagePolicy, narrowed } from './language-policy.ts';

/** How urgent a call is. */
export interface Asking {
  /** Requests of people who wait go before streams. Default `stream`. */
  readonly priority?: 'request' | 'stream';
  /** The answer is wanted within so many milliseconds: the engine closes a batch early rather than be late. */
  readonly withinMs?: number;
}

/** What the processor needs of an engine. */
export interface Predictor {
  predict(tasks: readonly string[], texts: readonly string[], asking?: Asking): Promise<readonly Answers[]>;
}

export interface InferenceOptions {
  readonly engine: Predictor;
  /** Tasks of each kind of message, in the order of the results. */
  readonly tasks: Readonly<Record<Kind, readonly string[]>>;
  /** Which languages are expected of whom; without it every language the model knows. */
  readonly languages?: LanguagePolicy;
  /** Without it, as a stream asks. */
  readonly asking?: Asking;
  /** Candidates on trial at the moment, asked for before each batch; without it there are none. */
  readonly trials?: () => readonly Trial[];
}

const labelsMax = 3;
const probabilityMin = 0.01;
const languageTask = 'language';
const undetermined = 'und';
const noTrials: readonly Trial[] = [];

/**
 * Messages of one kind are answered together. A message whose text ends inference threads is `invalid`
 * (`model-crashed`), and so is one of which a model says what is no number (`model-output`). Throws what else the
 * engine throws. While a task is on trial (arms.ts), the result that serves stands first, and those of candidates that
 * only watch come last.
 */
export function createInference({
  engine,
  tasks,
  languages,
  asking,
  trials: trialsNow,
}: InferenceOptions): Process<Features, Prediction> {
  return async (batch) => {
    const outcomes = new Array<Outcome<Prediction>>(batch.length);
    const allTrials = trialsNow?.() ?? noTrials;
    const answerPlaces = async (kind: Kind, places: readonly number[]): Promise<void> => {
      if (places.length === 0) return;
      try {
        const trials = allTrials.length === 0 ? allTrials : trialsOf(allTrials, tasks[kind]);
        if (trials.length > 0) {
          const messages = places.map((place) => batch[place]!);
          const armed = await answerByArms({ engine, tasks: tasks[kind], trials, messages, asking });
          for (const [row, place] of places.entries())
            outcomes[place] = armedOutcome(messages[row]!, armed[row]!, languages);
          return;
        }
        const texts = places.map((place) => batch[place]!.text);
        const answers = await engine.predict(tasks[kind], texts, asking);
        const said: Said = {
          answers,
          isSound: answers.every(({ probabilities }) => firstWrong(probabilities, 0) < 0),
          idParts: ['inference', ...answers.map(({ release }) => release)].join(partDivider),
          languages,
        };
        for (let row = 0; row < places.length; row++) {
          const place = places[row]!;
          outcomes[place] = outcomeOf(batch[place]!, said, row);
        }
      } catch (error) {
        if (!(error instanceof ModelCrashed)) throw error;
        for (const row of error.places) outcomes[places[row]!] = invalid('model-crashed', error.message);
        // The others are asked anew: it is rare, and models say the same again.
        const others = places.filter((_, row) => !error.places.includes(row));
        await answerPlaces(kind, others);
      }
    };
    const answerKind = (kind: Kind) =>
      answerPlaces(
        kind,
        [...batch.keys()].filter((index) => batch[index]!.kind === kind),
      );
    await Promise.all([answerKind('comment'), answerKind('prompt')]);
    return outcomes;
  };
}

/** What the models say about the messages of one call. */
interface Said {
  readonly answers: readonly Answers[];
  /** Whether all of it are numbers; where not, each row is looked at. */
  readonly isSound: boolean;
  /** The stage and every release, as the last parts of an id. */
  readonly idParts: string;
  readonly languages: LanguagePolicy | undefined;
}

/** The first place from `start` up to `end` that holds no finite number; -1 where there is none. */
function firstWrong(values: Float32Array, start: number, end = values.length): number {
  // What is not finite makes no zero when it is taken from itself.
  for (let at = start; at < end; at++) if (values[at]! - values[at]! !== 0) return at;
  return -1;
}

const trialsOf = (trials: readonly Trial[], tasks: readonly string[]): readonly Trial[] =>
  trials.filter(({ task }) => tasks.includes(task));

function outcomeOf(message: Features, said: Said, row: number): Outcome<Prediction> {
  if (!said.isSound)
    for (const answers of said.answers) {
      const unsound = unsoundAt({ answers, row });
      if (unsound !== null) return unsound;
    }
  const results: Result[] = [];
  for (const answers of said.answers) results.push(resultFor({ answers, row }, message, said.languages));
  return ok(predictionOf(message, results, said.idParts));
}

/** The outcome of a model that says what is no number; null where all are numbers. */
function unsoundAt({ answers: { release, labels, probabilities }, row }: Answer): Outcome<never> | null {
  const start = row * labels.length;
  const wrong = firstWrong(probabilities, start, start + labels.length);
  if (wrong < 0) return null;
  return invalid('model-output', `${release} says ${probabilities[wrong]} for “${labels[wrong - start]}”`);
}

/** A message while some of its tasks are on trial. Its id names the releases that serve it, whoever watched. */
function armedOutcome(
  message: Features,
  { served, watched }: Armed,
  languages: LanguagePolicy | undefined,
): Outcome<Prediction> {
  for (const answer of served) {
    const unsound = unsoundAt(answer);
    if (unsound !== null) return unsound;
  }
  const results = served.map((answer) => ({ ...resultFor(answer, message, languages), arm: answer.arm }));
  const idParts = ['inference', ...results.map(({ release }) => release)].join(partDivider);
  for (const { trial, answer } of watched)
    results.push({
      ...(answer === null ? silenceOf(trial) : resultFor(answer, message, languages)),
      arm: 'shadow',
    });
  return ok(predictionOf(message, results, idParts));
}

/** The result of a candidate that was asked and did not answer: without a label, as no model’s answer is. */
const silenceOf = ({ task, treatment }: Trial): Result => ({
  task,
  release: treatment,
  label: '',
  confidence: 0,
  labels: [],
  probabilities: [],
  arm: 'shadow',
});

const resultFor = (
  { answers, row }: Answer,
  { tenant }: Features,
  languages: LanguagePolicy | undefined,
): Result =>
  answers.task === languageTask && languages !== undefined
    ? resultOf(narrowed(answers, row, languages, tenant), 0)
    : resultOf(answers, row);

function predictionOf(message: Features, results: readonly Result[], idParts: string): Prediction {
  return {
    id: derivedId(message.messageId, idParts),
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
    for (; place > 0 && probability > probabilities[start + leading[place - 1]!]!; place--) {
      if (place < labelsMax) leading[place] = leading[place - 1]!;
    }
    if (place < labelsMax) leading[place] = label;
  }
  const first = leading.length > 0 ? probabilities[start + leading[0]!]! : 0;
  return {
    task,
    release,
    label: leading.length > 0 ? labels[leading[0]!]! : emptyLabel,
    confidence: curve === undefined || leading.length === 0 ? first : calibrated(curve, first),
    labels: leading.map((label) => labels[label]!),
    probabilities: leading.map((label) => probabilities[start + label]!),
    arm: null,
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
    arm: null,
  };
}
