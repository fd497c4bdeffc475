// The model store: releases that never change once published, and the aliases that say which of them serves.
import { Misconfigured } from '../schemas/errors.ts';
import type { ModelManifest, ModelRelease } from '../schemas/model-manifest.ts';
import type { AliasChanges, Reason, TaskAliases } from './model-store/aliases.ts';
import { openBucketStorage } from './model-store/bucket.ts';
import { openFolderStorage } from './model-store/folder.ts';
import { createModelStore } from './model-store/store.ts';
import type { ObjectStoreAccess } from './object-store/s3.ts';

/** A release as it is published and exported: the manifest, the files it names, and the card. */
export interface WholeRelease {
  readonly manifest: ModelManifest;
  /** By name; every file of the manifest, `baseline.json` included. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Markdown. */
  readonly card: string;
}

/**
 * Releases of tasks. A release is named `task@version` or by an alias, `task@champion`; a bare task means the release
 * that serves it: its champion, or the highest version while it has none. Wrong names, missing and damaged releases
 * are `Misconfigured`; a place that does not answer is `Retryable`.
 */
export interface ModelStore {
  /** The folder or the `s3://` address. */
  readonly address: string;
  /** Manifests of every release, by task, the highest version first. */
  list(): Promise<readonly ModelManifest[]>;
  /** The manifest of a release. */
  manifest(name: string): Promise<ModelManifest>;
  /** The model card of a release; empty where it has none. */
  card(name: string): Promise<string>;
  /** One file of a release, checked against the manifest; null where the release has no such file. */
  file(name: string, file: string): Promise<Uint8Array | null>;
  /** A release to be served, its files checked against the manifest. */
  load(name: string): Promise<ModelRelease>;
  /** A release with all it is made of, its files checked against the manifest. */
  whole(name: string): Promise<WholeRelease>;
  /**
   * Publishes a release; resolves to false when it was there already, byte for byte. Another release under the same
   * name is refused.
   */
  publish(release: WholeRelease): Promise<boolean>;
  /** The aliases of a task and their history; empty for a task that has none. */
  aliases(task: string): Promise<TaskAliases>;
  /**
   * Moves aliases of a task in one step. `decide` sees the present ones and says where which of them go; it is asked
   * again when another process was faster, and what it throws ends the change.
   */
  changeAliases(
    task: string,
    decide: (current: TaskAliases) => AliasChanges | Promise<AliasChanges>,
    reason: Reason,
  ): Promise<TaskAliases>;
}

export interface ModelStoreOptions {
  /** For an `s3://` address. */
  readonly access?: ObjectStoreAccess;
  /** Folder for verified copies of a bucket's files; none: every load reads the bucket. */
  readonly cacheDirectory?: string;
}

/** Opens the store at a folder or at `s3://bucket/prefix`, without looking at it yet. Throws `Misconfigured`. */
export function openModelStore(address: string, options: ModelStoreOptions = {}): ModelStore {
  return createModelStore(
    address.startsWith('s3://') ? openBucketStorage(address, options) : openFolderStorage(address),
  );
}

/** A store, or the folder of one. */
type Place = ModelStore | string;

const storeAt = (place: Place): ModelStore => (typeof place === 'string' ? openModelStore(place) : place);

/** Manifests of every release, by task, the highest version first. Throws `Misconfigured` at the first damaged one. */
export const listReleases = (place: Place): Promise<readonly ModelManifest[]> => storeAt(place).list();

/** One release, its files checked against the manifest. Throws `Misconfigured`. */
export const loadRelease = (place: Place, name: string): Promise<ModelRelease> => storeAt(place).load(name);

/**
 * The release that serves each task: the version that `pins` names, else the champion, else the highest version. Throws
 * `Misconfigured` for a task without a release.
 */
export async function loadServing(
  place: Place,
  tasks: readonly string[],
  pins: Readonly<Record<string, string>> = {},
): Promise<readonly ModelRelease[]> {
  const store = storeAt(place);
  const names = [...new Set(tasks)].map((task) =>
    pins[task] === undefined ? task : `${task}@${pins[task]}`,
  );
  return Promise.all(names.map((name) => store.load(name)));
}

/** Whether a store has a release, `task@version`; a folder that is not there has none. */
export async function isPublished(store: ModelStore, release: string): Promise<boolean> {
  try {
    await store.manifest(release);
    return true;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

/** Whether an error says that a release, or the folder of a store, is not there. */
export const isAbsence = (error: unknown): boolean =>
  error instanceof Misconfigured && (error.code === 'model-missing' || error.code === 'models-unreadable');
