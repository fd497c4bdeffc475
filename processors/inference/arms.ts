// Arms of experiments in inference: a candidate beside the model that serves, which watches (shadow) or serves its share
// of the keys (canary). Whatever becomes of the candidate, every message is answered.
import type { Features } from '../../schemas/features.ts';
import type { Result } from '../../schemas/prediction.ts';
import { armOf } from '../experiments/assignment.ts';
import { ModelCrashed } from './call.ts';
import type { Answers } from './engine.ts';
import type { Asking, Predictor } from './inference.ts';

/** A row of what a model said. */
export interface Answer {
  readonly answers: Answers;
  readonly row: number;
}

/** A candidate of a task, and whom it is asked about. */
export interface Trial {
  readonly task: string;
  /** Id of the experiment. */
  readonly experiment: string;
  /** The candidate, `task@version`. */
  readonly treatment: string;
  readonly stage: 'shadow' | 'canary';
  /** Of the keys, 0 to 1, those it is asked about: watched in a shadow, served in a canary. */
  readonly share: number;
  /**
   * What the candidate says about each text; null where it failed, said what is no number, or was late. It may take
   * its time while `beside`, the model that serves, does. Never throws.
   */
  ask(
    texts: readonly string[],
    beside: Promise<unknown>,
    asking?: Asking,
  ): Promise<readonly (Answer | null)[]>;
}

/** What is said about one message. */
export interface Armed {
  /** Who serves it, for each task in their order. */
  readonly served: readonly (Answer & { readonly arm: Result['arm'] })[];
  /** Candidates that only watched, and those that were to serve and did not answer. */
  readonly watched: readonly { readonly trial: Trial; readonly answer: Answer | null }[];
}

interface Question {
  readonly engine: Predictor;
  readonly tasks: readonly string[];
  readonly trials: readonly Trial[];
  readonly messages: readonly Features[];
  readonly asking: Asking | undefined;
}

/** What is asked for one task, and whom it has on trial. */
interface TaskQuestion extends Question {
  readonly task: string;
  readonly canaries: readonly Trial[];
  readonly shadows: readonly Trial[];
}

type ServedRow = Armed['served'][number];
type Watched = Armed['watched'][number];

/** What is said about each row for one task: by whom it is served, and by those who do not serve it. */
interface Told {
  readonly served: (row: number) => ServedRow;
  readonly watched: (row: number) => readonly Watched[];
}

/** What a candidate said, by row; null where it did not answer, nothing for rows it was not asked about. */
type Said = ReadonlyMap<number, Answer | null>;

/**
 * Answers of all tasks about messages of one kind while some of the tasks are on trial. In a shadow the result that
 * serves is of arm `control`, in a canary of the arm that its key belongs to; where the candidate of a canary does not
 * answer, the model that served before does, as `control`. Of several canaries of a task the first one that takes a key
 * has it, in the order of `trials`; its shadows watch what no canary takes. Throws what the engine throws.
 */
export async function answerByArms(question: Question): Promise<Armed[]> {
  const { engine, tasks, trials, messages, asking } = question;
  const asked = tasks.map((task): TaskQuestion => {
    const own = trials.filter((trial) => trial.task === task);
    const [canaries, shadows] = [own.filter(isCanary), own.filter((trial) => !isCanary(trial))];
    return { ...question, task, canaries, shadows };
  });
  const plainTasks = asked.filter(({ canaries }) => canaries.length === 0).map(({ task }) => task);
  const texts = messages.map(({ text }) => text);
  const plain = plainTasks.length === 0 ? Promise.resolve([]) : engine.predict(plainTasks, texts, asking);
  const told = await Promise.all(
    asked.map((each) =>
      each.canaries.length > 0
        ? tellByCanaries(each)
        : tellByOne(
            each,
            plain.then((answers) => answers[plainTasks.indexOf(each.task)]!),
          ),
    ),
  );
  return messages.map((_, row) => ({
    served: told.map(({ served }) => served(row)),
    watched: told.flatMap(({ watched }) => watched(row)),
  }));
}

const isCanary = ({ stage }: Trial): boolean => stage === 'canary';

/** Whether an experiment takes a message for its candidate: by a person’s key where the message names one. */
const takes = ({ experiment, share }: Trial, { stickyKey, messageId }: Features): boolean =>
  armOf(stickyKey ?? messageId, experiment, share) === 'treatment';

const textsAt = (messages: readonly Features[], rows: readonly number[]): readonly string[] =>
  rows.map((row) => messages[row]!.text);

/** One model serves everybody; shadows may watch. */
async function tellByOne(question: TaskQuestion, plain: Promise<Answers>): Promise<Told> {
  const { shadows, messages } = question;
  const [answers, watched] = await Promise.all([
    plain,
    Promise.all(shadows.map((shadow) => watch(shadow, question, [...messages.keys()], plain))),
  ]);
  const isWatched = (row: number) => watched.some((each) => each.has(row));
  return {
    served: (row) => ({ answers, row, arm: isWatched(row) ? 'control' : null }),
    watched: (row) => heard(shadows, watched, row),
  };
}

/** What a shadow says about those of the rows whose keys it watches. */
async function watch(
  shadow: Trial,
  question: Question,
  rows: readonly number[],
  beside: Promise<unknown>,
): Promise<Said> {
  const watched = rows.filter((row) => takes(shadow, question.messages[row]!));
  return hear(shadow, question, watched, beside);
}

/** What a candidate says about some rows. */
async function hear(
  trial: Trial,
  { messages, asking }: Question,
  rows: readonly number[],
  beside: Promise<unknown>,
): Promise<Said> {
  if (rows.length === 0) return new Map();
  const answers = await trial.ask(textsAt(messages, rows), beside, asking);
  return new Map(rows.map((row, place) => [row, answers[place] ?? null]));
}

/** What some candidates said about a row, those that were asked about it. */
const heard = (trials: readonly Trial[], said: readonly Said[], row: number): readonly Watched[] =>
  trials.flatMap((trial, at) => (said[at]!.has(row) ? [{ trial, answer: said[at]!.get(row)! }] : []));

/** Instead of the place of a canary, for a key that none takes. */
const nobody = -1;

/** Each message is served by the candidate that takes its key; where none does, or it is silent, by what served before. */
async function tellByCanaries(question: TaskQuestion): Promise<Told> {
  const { canaries, shadows, messages } = question;
  const takers = messages.map((message) => canaries.findIndex((canary) => takes(canary, message)));
  const rowsOf = (taker: number) => [...messages.keys()].filter((row) => takers[row] === taker);
  const free = rowsOf(nobody);
  const control = byControl(question, free);
  const [served, treated, watched] = await Promise.all([
    control,
    Promise.all(canaries.map((canary, at) => hear(canary, question, rowsOf(at), control))),
    Promise.all(shadows.map((shadow) => watch(shadow, question, free, control))),
  ]);
  const treatmentOf = (row: number) => treated[takers[row]!]?.get(row) ?? null;
  const silent = [...messages.keys()].filter((row) => takers[row] !== nobody && treatmentOf(row) === null);
  const instead = await byControl(question, silent);
  return {
    served: (row) => {
      const treatment = treatmentOf(row);
      if (treatment !== null) return { ...treatment, arm: 'treatment' };
      return { ...(served.get(row) ?? instead.get(row)!), arm: 'control' };
    },
    watched: (row) => [
      ...heard(shadows, watched, row),
      ...(instead.has(row) ? [{ trial: canaries[takers[row]!]!, answer: null }] : []),
    ],
  };
}

/** What the model that served before says about some rows; a text that ends threads is told by its row among all. */
async function byControl(
  { engine, task, messages, asking }: TaskQuestion,
  rows: readonly number[],
): Promise<ReadonlyMap<number, Answer>> {
  if (rows.length === 0) return new Map();
  try {
    const [answers] = await engine.predict([task], textsAt(messages, rows), asking);
    return new Map(rows.map((row, place) => [row, { answers: answers!, row: place }]));
  } catch (error) {
    if (!(error instanceof ModelCrashed)) throw error;
    const places = error.places.map((place) => rows[place]!);
    throw new ModelCrashed([task], places, error.cause);
  }
}
