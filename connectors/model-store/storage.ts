// What a model store lies on: a folder or a bucket. It moves bytes and settles races; what they mean is not its matter.

/** One release of a task. */
export interface ReleaseName {
  readonly task: string;
  readonly version: string;
}

/** A task's alias document as it is stored. */
export interface StoredAliases {
  readonly text: string;
  /** Tells this state of the document from every other. */
  readonly tag: string;
}

/**
 * A place for releases, `<task>/<version>/<file>`, and one alias document for each task, `<task>/aliases.json`.
 * Every method throws `Misconfigured` where the place cannot be used as it is set up, `Retryable` where it does not
 * answer.
 */
export interface ReleaseStorage {
  /** The folder or the `s3://` address, for people. */
  readonly address: string;
  /** What a person should look at when the place cannot be used. */
  placeOf(name: ReleaseName, file: string): string;
  /** Releases that are whole, of one task or of all, in any order. */
  releases(task?: string): Promise<readonly ReleaseName[]>;
  /** The bytes of a file, or null where there is none. With `sha256`, verified bytes from nearby may answer. */
  read(name: ReleaseName, file: string, sha256?: string): Promise<Buffer | null>;
  /**
   * Stores a release; it is seen whole or not at all, `manifest.json` being its last file. Resolves to false, having
   * changed nothing, where one of that name is there.
   */
  publish(name: ReleaseName, files: ReadonlyMap<string, Uint8Array>): Promise<boolean>;
  readAliases(task: string): Promise<StoredAliases | null>;
  /** Replaces the document that `tag` was read with (null: there was none); false where it has changed since. */
  replaceAliases(task: string, text: string, tag: string | null): Promise<boolean>;
}
