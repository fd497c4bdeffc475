// One call of the answer cache, cut into cells: what one release says of one distinct text, and the key that is kept under.
import { hash } from 'node:crypto';
import type { Answers } from '../processors/inference/engine.ts';
import type { Input } from '../processors/inference/model.ts';
import type { ModelManifest } from '../schemas/model-manifest.ts';

export type AnswerKind = 'response' | 'embedding' | 'similarity';

/** How long an answer is kept, in seconds. */
export const secondsOf: Readonly<Record<AnswerKind, number>> = {
  response: 300,
  embedding: 3_600,
  similarity: 1_800,
};

/** What kind of answer a model gives. */
export function answerKindOf(manifest: ModelManifest): AnswerKind {
  if (manifest.kind === 'ranker') return 'similarity';
  if (manifest.kind !== 'transformer') return 'response';
  const { purpose } = manifest;
  if (purpose === 'embedding') return 'embedding';
  return purpose === 'cross-encoder' ? 'similarity' : 'response';
}

/** A row of an answer; null where it has yet to be had. */
export type Row = Float32Array<ArrayBuffer> | null;

/** What one release says of one text. */
export interface Cell {
  readonly column: number;
  /** Among the distinct texts. */
  readonly place: number;
  readonly key: string;
  readonly kind: AnswerKind;
  readonly width: number;
  row: Row;
}

/** Tasks × distinct texts of one call. */
export class Question {
  readonly manifests: readonly ModelManifest[];
  readonly texts: readonly Input[];
  readonly cells: readonly Cell[];
  /** For each text of the call its place among the distinct ones. */
  readonly #places: readonly number[];

  constructor(manifests: readonly ModelManifest[], texts: readonly Input[]) {
    const placeOf = new Map<string, number>();
    const distinct: Input[] = [];
    this.#places = texts.map((text) => {
      const digest = digestOf(text);
      const known = placeOf.get(digest);
      if (known !== undefined) return known;
      placeOf.set(digest, distinct.length);
      return distinct.push(text) - 1;
    });
    this.manifests = manifests;
    this.texts = distinct;
    const digests = [...placeOf.keys()];
    this.cells = manifests.flatMap((manifest, column) => {
      const kind = answerKindOf(manifest);
      const width = manifest.labels.length;
      return digests.map((digest, place) => {
        const key = `answer:${manifest.release}:${digest}`;
        return { column, place, key, kind, width, row: null };
      });
    });
  }

  /** Positions in the call of some of the distinct texts. */
  positionsOf(places: ReadonlySet<number>): readonly number[] {
    return [...this.#places.keys()].filter((position) => places.has(this.#places[position]!));
  }

  answers(): readonly Answers[] {
    return this.manifests.map((manifest, column) => {
      const { task, release, labels, activation, groups, confidence, emptyLabel } = manifest;
      const probabilities = new Float32Array(labels.length * this.#places.length);
      const first = column * this.texts.length;
      this.#places.forEach((place, position) => {
        probabilities.set(this.cells[first + place]!.row!, position * labels.length);
      });
      return { task, release, labels, activation, groups, curve: confidence, emptyLabel, probabilities };
    });
  }
}

/**
 * The first 128 bits of SHA-256. Two of a thousand million texts agree by chance once in 10²⁰ such caches, and nobody
 * can make two that do: with a weaker hash somebody could have a harmless text answer for a bad one.
 */
const digestOf = (text: Input): string =>
  hash(
    'sha256',
    typeof text === 'string' ? `1${text}` : `2${text[0].length} ${text[0]}${text[1]}`,
    'base64',
  ).slice(0, 22);
