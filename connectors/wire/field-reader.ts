// Reads the text and the id of records of any topic, JSON objects or Confluent-framed Avro, by the names of their
// fields. The byte paths (json-scan.ts, avro-scan.ts) find them in place; what those leave is read the exact way here.
import avsc from 'avsc';
import type { StoredRecord } from '../log.ts';
import type { SchemaRegistry } from '../registry.ts';
import { AvroScan } from './avro-scan.ts';
import { parseJson } from './json.ts';
import { absent, isNull, isText, JsonScan } from './json-scan.ts';
import { Refusal } from './refusal.ts';

/** Longest text, in UTF-16 code units: that of the topic `comments`. */
const textLengthMax = 65_536;
const idLengthMax = 256;
const magicByte = 0;
const frameBytes = 5;

const textField = 0;
const idField = 1;

/** How records of one Avro schema are read. */
interface AvroReader {
  readonly type: avsc.Type;
  readonly scan: AvroScan | null;
}

export interface FieldNames {
  readonly text: string;
  readonly id: string;
}

/** What `read` found stands in the reader until the next record. */
export class FieldReader {
  /** Where the text stands in the record's value as UTF-8; `text` holds it where this is -1. */
  textStart = -1;
  textEnd = -1;
  text = '';
  /** Where the id stands in the value, fit to be copied between the quotes of JSON; `id` holds it where this is -1. */
  idStart = -1;
  idEnd = -1;
  /** Null where the record has none. */
  id: string | number | null = null;
  readonly #names: FieldNames;
  readonly #registry: Pick<SchemaRegistry, 'schema'>;
  readonly #json: JsonScan;
  readonly #avro = new Map<number, AvroReader | Refusal>();

  constructor(names: FieldNames, registry: Pick<SchemaRegistry, 'schema'>) {
    this.#names = names;
    this.#registry = registry;
    this.#json = new JsonScan([names.text, names.id]);
  }

  /** Looks up the schemas of records not met before, so that `read` needs no socket. Throws `Retryable`. */
  async prepare(records: readonly StoredRecord[]): Promise<void> {
    for (const { value } of records) {
      if (!value || value.length < frameBytes || value[0] !== magicByte) continue;
      const id = value.readInt32BE(1);
      const known = this.#avro.get(id);
      if (known && !(known instanceof Refusal)) continue;
      this.#avro.set(id, this.#readerOf(id, await this.#registry.schema(id)));
    }
  }

  /** Finds text and id of a record's value, or says why it has none. */
  read(value: Buffer | null): Refusal | null {
    this.textStart = -1;
    this.idStart = -1;
    this.id = null;
    if (!value || value.length === 0) return new Refusal('empty-value', 'the record has no value');
    const refusal = value[0] === magicByte ? this.#readAvro(value) : this.#readJson(value);
    return refusal ?? (this.textStart < 0 ? this.#checkLength(this.text) : this.#checkBytes(value));
  }

  /** The same without the byte paths: what they are compared with, and what they fall back to. */
  readExactly(value: Buffer): Refusal | null {
    this.textStart = -1;
    this.idStart = -1;
    const fields = value[0] === magicByte ? this.#parseAvro(value) : parseFields(value);
    return fields instanceof Refusal ? fields : this.#take(fields);
  }

  #readJson(value: Buffer): Refusal | null {
    if (this.#json.scan(value) && this.#takePlaces(value, this.#json)) return null;
    return this.readExactly(value);
  }

  #readAvro(value: Buffer): Refusal | null {
    const reader = value.length < frameBytes ? undefined : this.#avro.get(value.readInt32BE(1));
    const scan = reader instanceof Refusal ? null : reader?.scan;
    if (scan?.scan(value, frameBytes) && this.#takePlaces(value, scan)) return null;
    return this.readExactly(value);
  }

  /** False where the exact way has to say what is wrong, or the id is none to be copied as it stands. */
  #takePlaces(value: Buffer, { kinds, starts, ends }: Pick<JsonScan, 'kinds' | 'starts' | 'ends'>): boolean {
    if (kinds[textField] !== isText) return false;
    const idKind = kinds[idField]!;
    const [start, end] = [starts[idField]!, ends[idField]!];
    if (idKind === isText) {
      if (end - start > idLengthMax || !isPlain(value, start, end)) return false;
      if (end > start) {
        this.idStart = start;
        this.idEnd = end;
      }
    } else if (idKind !== absent && idKind !== isNull) return false;
    this.textStart = starts[textField]!;
    this.textEnd = ends[textField]!;
    return true;
  }

  /** More bytes than the limit may still be few enough characters. */
  #checkBytes(value: Buffer): Refusal | null {
    if (this.textEnd - this.textStart <= textLengthMax) return null;
    return this.#checkLength(value.toString('utf8', this.textStart, this.textEnd));
  }

  #checkLength(text: string): Refusal | null {
    if (text.length <= textLengthMax) return null;
    const reason = `field "${this.#names.text}": ${text.length} characters, at most ${textLengthMax} are accepted`;
    return new Refusal('too-long', reason);
  }

  #parseAvro(value: Buffer): Readonly<Record<string, unknown>> | Refusal {
    if (value.length < frameBytes)
      return new Refusal('corrupt-avro', `${value.length} bytes are too few for a frame`);
    const reader = this.#avro.get(value.readInt32BE(1));
    if (!reader) throw new Error('read() before prepare() of the same records');
    if (reader instanceof Refusal) return reader;
    try {
      return reader.type.fromBuffer(value.subarray(frameBytes)) as Readonly<Record<string, unknown>>;
    } catch (error) {
      return new Refusal('corrupt-avro', error instanceof Error ? error.message : String(error));
    }
  }

  #take(fields: Readonly<Record<string, unknown>>): Refusal | null {
    const { text: textName, id: idName } = this.#names;
    const text = own(fields, textName);
    const id = own(fields, idName);
    if (text === undefined || text === null)
      return new Refusal('missing-field', `field "${textName}" is missing`);
    if (typeof text !== 'string') return wrongType(textName, 'text', text);
    if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number')
      return wrongType(idName, 'text or a number', id);
    if (typeof id === 'string' && id.length > idLengthMax)
      return new Refusal(
        'too-long',
        `field "${idName}": ${id.length} characters, at most ${idLengthMax} are accepted`,
      );
    this.text = text;
    this.id = id === undefined || id === '' ? null : id;
    return null;
  }

  #readerOf(id: number, text: string | null): AvroReader | Refusal {
    if (text === null) return new Refusal('unknown-schema', `the schema registry has no schema ${id}`);
    try {
      const type = avsc.Type.forSchema(JSON.parse(text) as avsc.Schema);
      const scan = AvroScan.of(text, [this.#names.text, this.#names.id]);
      if (type.typeName === 'record') return { type, scan };
      return new Refusal('unknown-schema', `schema ${id} is none of a record`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return new Refusal('unknown-schema', `schema ${id} cannot be read: ${reason}`);
    }
  }
}

function parseFields(value: Buffer): Readonly<Record<string, unknown>> | Refusal {
  const parsed = parseJson(value);
  if (parsed instanceof Refusal) return parsed;
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return parsed as Readonly<Record<string, unknown>>;
  return new Refusal('not-an-object', `expected a JSON object, got ${nameOf(parsed)}`);
}

const own = (fields: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined;

const nameOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;

const wrongType = (name: string, wanted: string, value: unknown): Refusal =>
  new Refusal('wrong-type', `field "${name}": expected ${wanted}, got ${nameOf(value)}`);

/** Whether a text needs no escapes in JSON. Avro's may hold anything. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}
