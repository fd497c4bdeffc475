// What a route does with a chunk: find the texts, ask the task, write the answers.
import type { Marked } from '../../connectors/delivery.ts';
import type { Batch, StoredRecord } from '../../connectors/log.ts';
import type { FieldReader } from '../../connectors/wire/field-reader.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import { ModelCrashed } from '../../processors/inference/call.ts';
import type { Answers } from '../../processors/inference/engine.ts';
import { ByteTokenizer } from '../../processors/inference/hashed/byte-tokenizer.ts';
import type { Asking, Predictor } from '../../processors/inference/inference.ts';
import type { TokenRows } from '../../processors/inference/model.ts';
import { derivedId } from '../../schemas/identity.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { invalid, type Outcome, ok } from '../../schemas/outcome.ts';
import type { RouteSettings } from '../configuration/route-settings.ts';
import type { Stream } from '../run.ts';
import { type AnswerPlace, AnswerWriter } from './answer-writer.ts';
import { Gathered, type TextTarget } from './gathered.ts';
import { idleEngine, warmUp } from './warm-up.ts';

/** What a route needs of an engine. */
export interface RouteEngine extends Predictor {
  /** What serves each task now. */
  readonly manifests: readonly ModelManifest[];
  /** Values for inputs that are tokens already: one for each label of each. */
  predictTokens(task: string, rows: TokenRows, asking?: Asking): Promise<Float32Array>;
}

export interface RouteProcessOptions {
  readonly route: RouteSettings;
  /** Name of the stream. */
  readonly stream: string;
  readonly engine: RouteEngine;
  readonly reader: FieldReader;
  /** Takes personal data out of texts; null where none is to be taken out. */
  readonly redact: ((text: string) => string) | null;
  readonly asking: Asking;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Where records come from. */
export type Source = Pick<Batch, 'topic' | 'partition'>;

export function createRouteProcess(options: RouteProcessOptions): Stream<Marked>['process'] {
  const process = new RouteProcess(options);
  const warm = warmedUp(options);
  return async (batch, records) => {
    await warm;
    return process.answer(batch, records);
  };
}

/** What one route has warmed up, others run as well. */
let warming: Promise<void> | null = null;

function warmedUp(options: RouteProcessOptions): Promise<void> {
  const { engine, route } = options;
  const serving = engine.manifests.find(({ task }) => task === route.task);
  if (serving?.kind !== 'hashed') return Promise.resolve();
  const process = new RouteProcess({ ...options, engine: idleEngine(serving) });
  warming ??= warmUp((batch, records) => process.answer(batch, records), route);
  return warming;
}

class RouteProcess {
  readonly #options: RouteProcessOptions;
  readonly #writer: AnswerWriter;
  /** The tokenizer of the release that serves, and what it was made from. */
  #tokenizer: { readonly manifest: ModelManifest; readonly tokenizer: ByteTokenizer } | null = null;

  constructor(options: RouteProcessOptions) {
    this.#options = options;
    this.#writer = new AnswerWriter({ stream: options.stream, label: options.route.label });
  }

  /** Outcome i is what became of record i. Throws what the engine throws, but for texts that end its threads. */
  async answer(batch: Source, records: readonly StoredRecord[]): Promise<readonly Outcome<Marked>[]> {
    const { reader } = this.#options;
    await reader.prepare(records);
    // From here until the engine is asked nothing else runs: what serves the task stays the same.
    const serving = this.#options.engine.manifests.find(({ task }) => task === this.#options.route.task);
    const gathered = new Gathered(records, reader, this.#target(serving));
    const outcomes = gathered.outcomes<Marked>(records.length);
    if (gathered.count === 0) return outcomes;
    let answers: Answers;
    try {
      answers = await this.#ask(gathered, serving);
    } catch (error) {
      if (!(error instanceof ModelCrashed)) throw error;
      return this.#without(batch, records, gathered, error);
    }
    this.#write(batch, records, gathered, answers, outcomes);
    return outcomes;
  }

  #target(manifest: ModelManifest | undefined): TextTarget {
    const { redact } = this.#options;
    if (manifest?.kind !== 'hashed')
      return { tokenizer: null, change: redact ? (text) => redact(cleanText(text)) : cleanText };
    if (this.#tokenizer?.manifest !== manifest)
      this.#tokenizer = { manifest, tokenizer: new ByteTokenizer(manifest.hashing) };
    return { tokenizer: this.#tokenizer.tokenizer, change: redact };
  }

  async #ask({ tokens, texts }: Gathered, serving: ModelManifest | undefined): Promise<Answers> {
    const { engine, route, asking } = this.#options;
    if (tokens && serving) {
      const probabilities = await engine.predictTokens(route.task, tokens, asking);
      const { task, release, labels, activation, emptyLabel } = serving;
      return { task, release, labels, activation, emptyLabel, probabilities };
    }
    return (await engine.predict([route.task], texts, asking))[0]!;
  }

  /** Sets the texts aside that end threads; the others are asked anew, which is rare. */
  async #without(
    batch: Source,
    records: readonly StoredRecord[],
    gathered: Gathered,
    crashed: ModelCrashed,
  ): Promise<readonly Outcome<Marked>[]> {
    const bad = new Set(crashed.places.map((row) => gathered.places[row]!));
    const others = records.filter((_, place) => !bad.has(place));
    const answered = others.length > 0 ? await this.answer(batch, others) : [];
    const rest = answered[Symbol.iterator]();
    return records.map((_, place) =>
      bad.has(place) ? invalid('model-crashed', crashed.message) : rest.next().value!,
    );
  }

  #write(
    batch: Source,
    records: readonly StoredRecord[],
    gathered: Gathered,
    answers: Answers,
    outcomes: Outcome<Marked>[],
  ): void {
    const { to } = this.#options.route;
    this.#writer.start(batch.topic, batch.partition, answers, this.#options.now());
    for (let row = 0; row < gathered.count; row++) {
      const place = gathered.places[row]!;
      const wrong = wrongIn(answers, row);
      if (wrong !== null) {
        outcomes[place] = invalid('model-output', wrong);
        continue;
      }
      const about = aboutOf(batch, records[place]!, gathered, row);
      outcomes[place] = ok({ topic: to, record: this.#writer.write(about, row) });
    }
  }
}

function wrongIn({ labels, probabilities, release }: Answers, row: number): string | null {
  for (let label = 0; label < labels.length; label++) {
    const value = probabilities[row * labels.length + label]!;
    if (!Number.isFinite(value)) return `${release} says ${value} for “${labels[label]}”`;
  }
  return null;
}

/** A header of CloudEvents names a message before its value does; what has no name is named after its place. */
function aboutOf(batch: Source, record: StoredRecord, gathered: Gathered, row: number): AnswerPlace {
  const named = record.headers.ce_id;
  const idStart = gathered.idStarts[row]!;
  if (idStart >= 0 && !named) return { record, idStart, idEnd: gathered.idEnds[row]!, id: '' };
  const headerId = named && named.length > 0 && named.length <= 1_024 ? named.toString('utf8') : null;
  if (headerId === null && idStart >= 0) return { record, idStart, idEnd: gathered.idEnds[row]!, id: '' };
  const id = headerId ?? gathered.ids.get(row);
  const place = () => derivedId(batch.topic, String(batch.partition), String(record.offset));
  return { record, idStart: -1, idEnd: -1, id: id ?? place() };
}
