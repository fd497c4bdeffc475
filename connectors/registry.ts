// The schema registry port: schemas by subject and by id, as Confluent’s registry has them.

export interface SchemaRegistry {
  /**
   * Registers `avro` (a JSON schema text) under `subject` after checking that it is BACKWARD compatible with the
   * latest one there, and returns its id. Registering what is there already returns the same id.
   * Throws `Misconfigured` (code `incompatible-schema`) when it is not compatible, `Retryable` when unreachable.
   */
  register(subject: string, avro: string): Promise<number>;
  /** Avro text of a schema id; null when the registry does not know it (remembered for a short while). */
  schema(id: number): Promise<string | null>;
  subjects(): Promise<readonly string[]>;
  close(): Promise<void>;
}
