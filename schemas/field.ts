// The field types a message is declared with. One declaration gives the TypeScript type here, and the Avro
// schema, the ClickHouse columns and the AsyncAPI document in schemas/print/.

interface Documented {
  readonly doc: string;
  /** Unit of the value, in the field's usual notation: ms, characters, probability, points. */
  readonly unit?: string;
  /** Absent values are allowed and read as null. */
  readonly optional?: boolean;
  /** Where the value travels: in the record's payload (default) or in its `traceparent` header. */
  readonly carriedBy?: 'payload' | 'header';
  /** False for values that later stages need and that ClickHouse has in another table already. */
  readonly stored?: boolean;
}

export interface TextField extends Documented {
  readonly type: 'text';
  /** Longest accepted value, in UTF-16 code units. */
  readonly maxLength?: number;
  /** People write here what they like: personal data is taken out where that is configured (MILLRACE_REDACT). */
  readonly freeText?: boolean;
}
export interface LabelField extends Documented {
  readonly type: 'label';
  /** The closed set of values; an open set when absent. */
  readonly values?: readonly string[];
}
export interface FlagField extends Documented {
  readonly type: 'flag';
}
export interface CountField extends Documented {
  readonly type: 'count';
}
export interface NumberField extends Documented {
  readonly type: 'float' | 'double';
}
/** Milliseconds since 1970-01-01 UTC. */
export interface TimeField extends Documented {
  readonly type: 'time';
}
export interface BytesField extends Documented {
  readonly type: 'bytes';
}
export interface ListField extends Documented {
  readonly type: 'labels' | 'floats' | 'texts';
}
export interface MapField extends Documented {
  readonly type: 'texts-by-name' | 'numbers-by-name';
}
/** Numbers in a fixed order, each with its own name: one array on a topic, one column each in ClickHouse. */
export interface VectorField extends Documented {
  readonly type: 'vector';
  readonly items: readonly VectorItem[];
}
export interface VectorItem {
  readonly name: string;
  readonly unit: string;
  readonly doc: string;
}
/** A list of records: parallel arrays (Nested) in ClickHouse. */
export interface RecordsField extends Documented {
  readonly type: 'records';
  readonly name: string;
  readonly fields: Readonly<Record<string, ScalarField | ListField>>;
}

export type ScalarField = TextField | LabelField | FlagField | CountField | NumberField | TimeField;
export type Field = ScalarField | BytesField | ListField | MapField | VectorField | RecordsField;
export type Fields = Readonly<Record<string, Field>>;

type Plain<F extends Field> = F extends LabelField
  ? F['values'] extends readonly string[]
    ? F['values'][number]
    : string
  : F extends TextField
    ? string
    : F extends FlagField
      ? boolean
      : F extends CountField | NumberField | TimeField
        ? number
        : F extends BytesField
          ? Uint8Array
          : F extends ListField
            ? readonly (F['type'] extends 'floats' ? number : string)[]
            : F extends MapField
              ? Readonly<Record<string, F['type'] extends 'numbers-by-name' ? number : string>>
              : F extends VectorField
                ? readonly number[]
                : F extends RecordsField
                  ? readonly ValueOf<F['fields']>[]
                  : never;

type Value<F extends Field> = F extends { optional: true } ? Plain<F> | null : Plain<F>;

/** The TypeScript value that a set of fields describes. */
export type ValueOf<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };
