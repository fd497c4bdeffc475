// API keys: `mr_<id>_<secret>`. The secret is 256 random bits, so a plain SHA-256 is enough at rest: slow hashes are
// for passwords, which can be guessed; nobody guesses 2^256, and a slow hash would let strangers buy our CPU.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Scope } from './caller.ts';
import { changeKeys, readKeys, type StoredKey } from './key-file.ts';

export interface NewKey {
  readonly name: string;
  readonly tenant: string;
  /** Null: the rate of the configuration. */
  readonly ratePerSecond: number | null;
  readonly scopes: readonly Scope[];
}

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Adds a key to a file and returns its text, which is nowhere else. Throws `Misconfigured` when the name is taken. */
export async function createKey(
  file: string,
  key: NewKey,
  now: number,
): Promise<{ id: string; text: string }> {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  await changeKeys(file, (keys) => {
    if (keys.some(({ name }) => name === key.name)) throw nameTaken(key.name);
    const created = new Date(now).toISOString();
    return [...keys, { ...key, id, created, hash: digestOf(secret).toString('hex') }];
  });
  return { id, text: `mr_${id}_${secret}` };
}

/** Takes a key away, by its id or name. Throws `Misconfigured` when there is none. */
export async function revokeKey(file: string, which: string): Promise<StoredKey> {
  let revoked: StoredKey | undefined;
  await changeKeys(file, (keys) => {
    revoked = keys.find(({ id, name }) => id === which || name === which);
    if (!revoked) throw unknownKey(which);
    return keys.filter((key) => key !== revoked);
  });
  return revoked!;
}

const nameTaken = (name: string): Misconfigured =>
  new Misconfigured(`there is a key called ${name} already`, {
    code: 'key-name',
    fix: 'Choose another name, or revoke that one first.',
  });

const unknownKey = (which: string): Misconfigured =>
  new Misconfigured(`there is no key ${which}`, { code: 'unknown-key', fix: 'See `millrace keys list`.' });

/** How long a change of the file may go unnoticed. */
const freshMs = 1_000;
const noDigest = digestOf('no key has this digest');

/** The keys of a file as a running process knows them. */
export class Keys {
  readonly #file: string | null;
  readonly #monotonicMs: () => number;
  #byId: ReadonlyMap<string, StoredKey> = new Map();
  #version = '';
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(file: string | null, monotonicMs: () => number = () => performance.now()) {
    this.#file = file;
    this.#monotonicMs = monotonicMs;
  }

  /** How many keys there are. Throws `Misconfigured` when the file cannot be used. */
  async count(): Promise<number> {
    await this.#refresh();
    return this.#byId.size;
  }

  /**
   * The key that a text is; null when it is none. An unknown id costs the same as a wrong secret.
   * Throws `Misconfigured` when the file cannot be used.
   */
  async find(text: string): Promise<StoredKey | null> {
    const [, id = '', secret = ''] = /^mr_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
    await this.#refresh();
    const key = this.#byId.get(id);
    const isSame = timingSafeEqual(digestOf(secret), key ? Buffer.from(key.hash, 'hex') : noDigest);
    return key && isSame ? key : null;
  }

  async #refresh(): Promise<void> {
    if (this.#file === null) return;
    const now = this.#monotonicMs();
    if (now - this.#checkedAt < freshMs) return;
    const version = await stat(this.#file, { bigint: true }).then(
      ({ ino, mtimeNs, size }) => `${ino}/${mtimeNs}/${size}`,
      () => 'none',
    );
    if (version !== this.#version) {
      const keys = await readKeys(this.#file);
      this.#byId = new Map(keys.map((key) => [key.id, key]));
      this.#version = version;
    }
    this.#checkedAt = now;
  }
}
