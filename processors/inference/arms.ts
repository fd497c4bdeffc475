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

/** What a candidate said, by row; null where it did not answer, nothing for rows it was not asked about. */
type Said = ReadonlyMap<number, Answer | null>;

/**
 * Answers of all tasks about messages of one kind while some of the tasks are on trial. In a shadow the result that
 * serves is of arm `control`, in a canary of the arm that its key belongs to; where the candidate of a canary does not
 * answer, the model that served before does, as `control`. Throws what the engine throws.
 */
export async function answerByArms(question: Question): Promise<Armed[]> {
  const { engine, tasks, trials, messages, asking } = question;
  const canaries = trials.filter(({ stage }) => stage === 'canary');
  const shadows = trials.filter(({ stage }) => stage === 'shadow');
  const plainTasks = tasks.filter((task) => !canaries.some((canary) => canary.task === task));
  const texts = messages.map(({ text }) => text);
  const plain = plainTasks.length === 0 ? Promise.resolve([]) : engine.predict(plainTasks, texts, asking);
  const [answers, served, watched] = await Promise.all([
    plain,
    Promise.all(canaries.map((canary) => serve(canary, question))),
    Promise.all(shadows.map((shadow) => watch(shadow, question, plain))),
  ]);
  const servedBy = (task: string, row: number): Armed['served'][number] => {
    const canary = canaries.findIndex((each) => each.task === task);
    if (canary >= 0) return served[canary]!.get(row)!;
    const shadow = shadows.findIndex((each) => each.task === task);
    const isWatched = shadow >= 0 && watched[shadow]!.has(row);
    return { answers: answers[plainTasks.indexOf(task)]!, row, arm: isWatched ? 'control' : null };
  };
  return messages.map((_, row) => ({
    served: tasks.map((task) => servedBy(task, row)),
    watched: [
      ...shadows.flatMap((trial, at) =>
        watched[at]!.has(row) ? [{ trial, answer: watched[at]!.get(row)! }] : [],
      ),
      ...canaries.flatMap((trial, at) => (served[at]!.get(row)!.isInstead ? [{ trial, answer: null }] : [])),
    ],
  }));
}

/** Rows whose key an experiment takes for its candidate: a person’s key where the message names one. */
const treatedRows = ({ experiment, share }: Trial, messages: readonly Features[]): readonly number[] =>
  [...messages.keys()].filter((row) => {
    const { stickyKey, messageId } = messages[row]!;
    return armOf(stickyKey ?? messageId, experiment, share) === 'treatment';
  });

const textsAt = (messages: readonly Features[], rows: readonly number[]): readonly string[] =>
  rows.map((row) => messages[row]!.text);

async function watch(trial: Trial, { messages, asking }: Question, beside: Promise<unknown>): Promise<Said> {
  const rows = treatedRows(trial, messages);
  if (rows.length === 0) return new Map();
  const answers = await trial.ask(textsAt(messages, rows), beside, asking);
  return new Map(rows.map((row, place) => [row, answers[place] ?? null]));
}

type ServedRow = Armed['served'][number] & {
  /** The candidate was to answer, and did not. */
  readonly isInstead: boolean;
};

async function serve(trial: Trial, question: Question): Promise<ReadonlyMap<number, ServedRow>> {
  const { messages } = question;
  const treated = new Set(treatedRows(trial, messages));
  const control = byControl(
    trial,
    question,
    [...messages.keys()].filter((row) => !treated.has(row)),
  );
  const [served, said] = await Promise.all([control, watch(trial, question, control)]);
  const silent = [...treated].filter((row) => (said.get(row) ?? null) === null);
  const instead = await byControl(trial, question, silent);
  const rows = new Map<number, ServedRow>();
  for (const [row, answer] of served) rows.set(row, { ...answer, arm: 'control', isInstead: false });
  for (const [row, answer] of instead) rows.set(row, { ...answer, arm: 'control', isInstead: true });
  for (const [row, answer] of said)
    if (answer !== null) rows.set(row, { ...answer, arm: 'treatment', isInstead: false });
  return rows;
}

/** What the model that served before says about some rows; a text that ends threads is told by its row among all. */
async function byControl(
  { task }: Trial,
  { engine, messages, asking }: Question,
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
