// One call of the engine on its way: what its pieces come back with, put together.
import { Misconfigured } from '../../schemas/errors.ts';

/** Texts of one call that may end threads. More of them are not about texts: the model or the machine is broken. */
const crashingTextsMax = 8;

/** Threads die again and again over some of the texts of a call, and over no others. */
export class ModelCrashed extends Error {
  override readonly name = 'ModelCrashed';
  readonly code = 'model-crashed';
  /** Places of those texts in the call, ascending. */
  readonly places: readonly number[];

  constructor(tasks: readonly string[], places: readonly number[], cause: unknown) {
    super(
      `a model of ${tasks.join(', ')} ends its thread over ${places.length === 1 ? 'this text' : `${places.length} texts`}: ${messageOf(cause)}`,
      { cause },
    );
    this.places = places;
  }
}

/** Runs until every text is answered or has crashed, or the first other failure. */
export class Call {
  readonly answered: Promise<void>;
  readonly #tasks: readonly string[];
  readonly #rows: readonly Float32Array[];
  readonly #texts: number;
  readonly #crashed: number[] = [];
  /** What ended a thread last. */
  #cause: unknown;
  #open: number;
  #settle!: { resolve(): void; reject(error: Error): void };

  /** `rows` gets the answers: for each task one row for each text. */
  constructor(tasks: readonly string[], texts: number, rows: readonly Float32Array[]) {
    this.#tasks = tasks;
    this.#texts = texts;
    this.#rows = rows;
    this.#open = texts;
    this.answered = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** Answers for `count` texts from the place `from` on. */
  place(from: number, count: number, probabilities: readonly Float32Array[]): void {
    for (const [index, part] of probabilities.entries())
      this.#rows[index]!.set(part, (this.#rows[index]!.length / this.#texts) * from);
    this.#done(count);
  }

  /**
   * Answers of a call about one task, whose texts ran in another order: row `at + i` of `values` is about the text at
   * the place `from + places[i]`.
   */
  placeRows(from: number, places: Int32Array, values: Float32Array, at: number): void {
    const rows = this.#rows[0]!;
    const width = rows.length / this.#texts;
    for (let row = 0; row < places.length; row++) {
      const into = (from + places[row]!) * width;
      const source = (at + row) * width;
      for (let label = 0; label < width; label++) rows[into + label] = values[source + label]!;
    }
    this.#done(places.length);
  }

  /** The text at a place ends the thread that runs it. */
  crashed(place: number, cause: unknown): void {
    this.#crashed.push(place);
    if (this.#crashed.length > crashingTextsMax) this.reject(brokenModel(this.#tasks, cause));
    this.#cause = cause;
    this.#done(1);
  }

  reject(error: Error): void {
    this.#settle.reject(error);
  }

  #done(count: number): void {
    this.#open -= count;
    if (this.#open > 0) return;
    const places = this.#crashed.sort((a, b) => a - b);
    if (places.length > 0) this.reject(new ModelCrashed(this.#tasks, places, this.#cause));
    else this.#settle.resolve();
  }
}

const brokenModel = (tasks: readonly string[], cause: unknown): Misconfigured =>
  new Misconfigured(
    `inference threads die over text after text (tasks ${tasks.join(', ')}): ${messageOf(cause)}`,
    {
      code: 'model-crashes',
      fix: 'Serve another release of these models, or look for what ends threads here: memory, the ONNX Runtime library.',
      cause,
    },
  );

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
