// An engine whose answers are kept for texts that come again, under a hash of the text and the release that answered.
//
// Requests are kept in the shared cache (in process, then Redis): a person waits, texts come again, and a look into
// Redis costs less than a model. Streams read comments that are nearly all different, and a thousand at a time: a round
// trip to Redis for each would cost more than the light models do. They go by, or, with `all`, use a bounded cache of
// this process alone. Equal texts that are asked for at once are computed once.
import type { Cache } from '../connectors/cache.ts';
import type { Metrics } from '../connectors/metrics.ts';
import { ModelCrashed } from '../processors/inference/call.ts';
import type { Answers } from '../processors/inference/engine.ts';
import type { Asking } from '../processors/inference/inference.ts';
import type { Input } from '../processors/inference/model.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';
import { type AnswerKind, type Cell, Question, type Row, secondsOf } from './answer-question.ts';

/** What answers, and says what with. */
export interface Answering {
  readonly manifests: readonly ModelManifest[];
  predict(tasks: readonly string[], texts: readonly Input[], asking?: Asking): Promise<readonly Answers[]>;
}

export interface AnswerCacheOptions {
  /** For requests. */
  readonly shared: Cache;
  /** For streams; they go by without it. */
  readonly local?: Cache;
  readonly metrics: Pick<Metrics, 'answerCache' | 'answerCacheHitRatio'>;
}

/** An engine with a cache before it. A cache that is down, or holds what cannot be read, is a miss. */
export function cached<Engine extends Answering>(
  engine: Engine,
  { shared, local, metrics }: AnswerCacheOptions,
): Answering {
  const kept = (cache: Cache) => new KeptAnswers(engine, cache, metrics);
  const ofRequests = kept(shared);
  const ofStreams = local && kept(local);
  return {
    get manifests() {
      return engine.manifests;
    },
    predict(tasks, texts, asking) {
      const answers = asking?.priority === 'request' ? ofRequests : ofStreams;
      return answers ? answers.predict(tasks, texts, asking) : engine.predict(tasks, texts, asking);
    },
  };
}

/** The answers of one cache. */
class KeptAnswers {
  readonly #engine: Answering;
  readonly #cache: Cache;
  readonly #ratios: HitRatios;
  /** Answers that are being made, by key; null where that failed. */
  readonly #flights = new Map<string, Promise<Row>>();

  constructor(engine: Answering, cache: Cache, metrics: AnswerCacheOptions['metrics']) {
    this.#engine = engine;
    this.#cache = cache;
    this.#ratios = new HitRatios(metrics);
  }

  async predict(
    tasks: readonly string[],
    texts: readonly Input[],
    asking?: Asking,
  ): Promise<readonly Answers[]> {
    const { manifests } = this.#engine;
    const asked = tasks.flatMap((task) => manifests.find((manifest) => manifest.task === task) ?? []);
    // The engine says best what is wrong with a task that nobody serves.
    if (asked.length < tasks.length) return this.#engine.predict(tasks, texts, asking);
    const question = new Question(asked, texts);
    try {
      await this.#answer(question, asking);
    } catch (error) {
      if (error instanceof ReleaseChanged) return this.#engine.predict(tasks, texts, asking);
      throw error;
    } finally {
      this.#ratios.tell();
    }
    return question.answers();
  }

  /** What nobody makes is looked up and made here; what somebody makes is waited for, and made here if that failed. */
  async #answer(question: Question, asking: Asking | undefined): Promise<void> {
    const own: Cell[] = [];
    const others: { readonly cell: Cell; readonly flight: Promise<Row> }[] = [];
    for (const cell of question.cells) {
      const flight = this.#flights.get(cell.key);
      if (flight === undefined) own.push(cell);
      else others.push({ cell, flight });
    }
    const shared = others.map(async ({ cell, flight }) => {
      cell.row = await flight;
      this.#ratios.count(cell.kind, cell.row === null ? 'miss' : 'shared');
    });
    await Promise.all([this.#answerOwn(question, own, asking), ...shared]);
    await this.#make(
      question,
      others.map(({ cell }) => cell),
      asking,
    );
  }

  async #answerOwn(question: Question, own: readonly Cell[], asking: Asking | undefined): Promise<void> {
    // Announced before the cache is asked: two who come together would both find nothing there.
    const landings = own.map((cell) => this.#announce(cell));
    try {
      await Promise.all(own.map((cell) => this.#lookUp(cell)));
      await this.#make(question, own, asking);
    } finally {
      for (const land of landings) land();
    }
  }

  #announce(cell: Cell): () => void {
    let landed: (row: Row) => void = () => {};
    const flight = new Promise<Row>((resolve) => {
      landed = resolve;
    });
    this.#flights.set(cell.key, flight);
    return () => {
      this.#flights.delete(cell.key);
      landed(cell.row);
    };
  }

  async #lookUp(cell: Cell): Promise<void> {
    const bytes = await this.#cache.get(cell.key).catch(() => null);
    if (bytes?.length === 4 * cell.width) {
      cell.row = new Float32Array(cell.width);
      Buffer.from(cell.row.buffer).set(bytes);
    }
    this.#ratios.count(cell.kind, cell.row === null ? 'miss' : 'hit');
  }

  /** Asks the engine for the cells that are empty, in one call, and keeps what it says. */
  async #make(question: Question, cells: readonly Cell[], asking: Asking | undefined): Promise<void> {
    const empty = cells.filter(({ row }) => row === null);
    if (empty.length === 0) return;
    const columns = [...new Set(empty.map(({ column }) => column))];
    const places = [...new Set(empty.map(({ place }) => place))];
    const rowOf = new Map(places.map((place, row) => [place, row]));
    const wanted = columns.map((column) => question.manifests[column]!);
    const answers = await this.#engine
      .predict(
        wanted.map(({ task }) => task),
        places.map((place) => question.texts[place]!),
        asking,
      )
      .catch((error: unknown) => {
        if (!(error instanceof ModelCrashed)) throw error;
        const crashed = new Set(error.places.map((row) => places[row]!));
        const tasks = wanted.map(({ task }) => task);
        throw new ModelCrashed(tasks, question.positionsOf(crashed), error.cause);
      });
    if (answers.some(({ release }, at) => release !== wanted[at]!.release)) throw new ReleaseChanged();
    for (const cell of empty) {
      const { probabilities } = answers[columns.indexOf(cell.column)]!;
      const start = rowOf.get(cell.place)! * cell.width;
      cell.row = probabilities.slice(start, start + cell.width);
      // What is no number is told to the caller, and asked again the next time.
      if (!cell.row.every(Number.isFinite)) continue;
      const bytes = Buffer.from(cell.row.buffer);
      void this.#cache.set(cell.key, bytes, secondsOf[cell.kind]).catch(() => {});
    }
  }
}

/** Another release answered than serves by what the engine said a moment ago: rows of both must not be mixed. */
class ReleaseChanged extends Error {
  override readonly name = 'ReleaseChanged';
}

type Outcome = 'hit' | 'shared' | 'miss';

/** Counts outcomes; they come to `/metrics` by the call, for answers are too many to be told of one by one. */
class HitRatios {
  readonly #metrics: AnswerCacheOptions['metrics'];
  readonly #counts = new Map<AnswerKind, Record<Outcome, number> & { had: number; asked: number }>();

  constructor(metrics: AnswerCacheOptions['metrics']) {
    this.#metrics = metrics;
  }

  count(kind: AnswerKind, outcome: Outcome): void {
    let counts = this.#counts.get(kind);
    if (counts === undefined) {
      counts = { hit: 0, shared: 0, miss: 0, had: 0, asked: 0 };
      this.#counts.set(kind, counts);
    }
    counts[outcome]++;
  }

  tell(): void {
    for (const [kind, counts] of this.#counts) {
      for (const outcome of ['hit', 'shared', 'miss'] as const) {
        const count = counts[outcome];
        if (count === 0) continue;
        this.#metrics.answerCache.add({ kind, outcome }, count);
        counts.asked += count;
        if (outcome !== 'miss') counts.had += count;
        counts[outcome] = 0;
      }
      if (counts.asked > 0) this.#metrics.answerCacheHitRatio.set({ kind }, counts.had / counts.asked);
    }
  }
}
