// A chunk of a route between reading and answering: which records have a text, what they are called, and the texts
// themselves, as tokens where the model reads tokens. It owns all it holds: while its answers are on their way, the
// next chunk is read with the same reader and the same tokenizer.
import type { StoredRecord } from '../../connectors/log.ts';
import type { FieldReader } from '../../connectors/wire/field-reader.ts';
import type { ByteTokenizer } from '../../processors/inference/hashed/byte-tokenizer.ts';
import type { TokenRows } from '../../processors/inference/model.ts';
import type { DeadLetterCode } from '../../schemas/dead-letter.ts';
import { invalid, type Outcome } from '../../schemas/outcome.ts';

/** Where a chunk's texts go. */
export interface TextTarget {
  /** For models of hashed words: takes texts where they stand in their records. */
  readonly tokenizer: ByteTokenizer | null;
  /** What is done to a text before a model sees it; null for nothing, which leaves texts in their bytes. */
  readonly change: ((text: string) => string) | null;
}

interface Refused {
  readonly place: number;
  readonly code: DeadLetterCode;
  readonly reason: string;
}

export class Gathered {
  /** Places of the records that have a text, in their order. */
  readonly places: Int32Array;
  /** How many they are. */
  count = 0;
  /** Per text, as in `AnswerPlace`. */
  readonly idStarts: Int32Array;
  readonly idEnds: Int32Array;
  readonly ids = new Map<number, string | number | null>();
  readonly refused: Refused[] = [];
  tokens: TokenRows | null = null;
  readonly texts: string[] = [];

  constructor(records: readonly StoredRecord[], reader: FieldReader, target: TextTarget) {
    this.places = new Int32Array(records.length);
    this.idStarts = new Int32Array(records.length);
    this.idEnds = new Int32Array(records.length);
    for (let place = 0; place < records.length; place++) this.#add(place, records[place]!, reader, target);
    if (target.tokenizer) this.tokens = target.tokenizer.take();
  }

  /** Outcomes for all records of the chunk: those of the texts are still to come. */
  outcomes<Out>(records: number): Outcome<Out>[] {
    const outcomes = new Array<Outcome<Out>>(records);
    for (const { place, code, reason } of this.refused) outcomes[place] = invalid(code, reason);
    return outcomes;
  }

  #add(place: number, { value }: StoredRecord, reader: FieldReader, target: TextTarget): void {
    const refusal = reader.read(value);
    if (refusal) {
      this.refused.push({ place, code: refusal.code, reason: refusal.reason });
      return;
    }
    const row = this.count++;
    this.places[row] = place;
    this.idStarts[row] = reader.idStart;
    this.idEnds[row] = reader.idEnd;
    if (reader.idStart < 0) this.ids.set(row, reader.id);
    this.#addText(value!, reader, target);
  }

  #addText(value: Buffer, reader: FieldReader, { tokenizer, change }: TextTarget): void {
    if (tokenizer && change === null && reader.textStart >= 0) {
      tokenizer.addBytes(value, reader.textStart, reader.textEnd);
      return;
    }
    const read =
      reader.textStart < 0 ? reader.text : value.toString('utf8', reader.textStart, reader.textEnd);
    const text = change === null ? read : change(read);
    if (tokenizer) tokenizer.addText(text);
    else this.texts.push(text);
  }
}
