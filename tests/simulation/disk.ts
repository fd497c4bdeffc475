// A disk in memory with the calls that the embedded log makes, and what disks do: hold up, fill up, write less than was
// asked, and die. A killed process leaves what it has written. A machine that loses power leaves what was synced, any
// prefix of the rest of a file (or zeros in its place), and any prefix of a directory's changes since its last sync.
import { dirname } from 'node:path';
import { Killed } from './clock.ts';
import { type Directory, emptyFile, type File, tear } from './files.ts';
import type { Random } from './random.ts';

/** Where virtual files are. */
export const diskRoot = '/simulated/';
const descriptorMin = 1 << 20;

export const isVirtual = (place: unknown): boolean =>
  typeof place === 'string'
    ? place.startsWith(diskRoot)
    : typeof place === 'number' && place >= descriptorMin;

export const diskCalls = [
  'closeSync',
  'fdatasync',
  'fdatasyncSync',
  'fsyncSync',
  'ftruncateSync',
  'mkdirSync',
  'openSync',
  'readdirSync',
  'readFileSync',
  'readSync',
  'renameSync',
  'rmSync',
  'statSync',
  'truncateSync',
  'unlinkSync',
  'writeFileSync',
  'writeSync',
] as const;

/** What the world does to a call that changes the disk. */
export interface DiskTrouble {
  /** Called before every change; may kill the process (then `alive` is false), or throw what the disk says. */
  before(call: string): void;
  /** How much of a write happens. */
  share(bytes: number): number;
  /** Called after every change. */
  after(call: string): void;
  /** Calls back when the disk has what was written. */
  sync(done: () => void): void;
  /** False for a disk that says so and does not. */
  readonly syncs: boolean;
  alive(): boolean;
  now(): number;
}

interface Open {
  readonly file: File;
  readonly isDirectory: Directory | null;
}

export class Disk {
  readonly #trouble: DiskTrouble;
  readonly #directories = new Map<string, Directory>();
  readonly #open = new Map<number, Open>();
  #descriptor = descriptorMin;

  constructor(trouble: DiskTrouble) {
    this.#trouble = trouble;
  }

  mkdirSync(path: string): void {
    this.#change('mkdir', () => {
      for (let at = path; at.startsWith(diskRoot) && !this.#directories.has(at); at = dirname(at))
        this.#directories.set(at, { now: new Map(), synced: new Map(), changes: [] });
    });
  }

  openSync(path: string, flags = 'r'): number {
    const directory = this.#directories.get(path);
    if (directory) return this.#describe({ file: emptyFile(0), isDirectory: directory });
    let file = this.#find(path);
    if (!file) {
      if (flags === 'r') throw failure('ENOENT', 'open', path);
      file = emptyFile(this.#trouble.now());
      const made = file;
      this.#change('open', () => this.#rename(path, (names, name) => names.set(name, made)));
    } else this.#mustLive();
    return this.#describe({ file, isDirectory: null });
  }

  closeSync(descriptor: number): void {
    this.#mustLive();
    if (!this.#open.delete(descriptor)) throw failure('EBADF', 'close');
  }

  writeSync(descriptor: number, data: Uint8Array, offset = 0, length = data.length - offset): number {
    const { file } = this.#described(descriptor, 'write');
    let written = 0;
    this.#change('write', () => {
      written = Math.min(length, this.#trouble.share(length));
      this.#append(file, data.subarray(offset, offset + written));
    });
    return written;
  }

  readSync(descriptor: number, target: Uint8Array, offset: number, length: number, position: number): number {
    this.#mustLive();
    const { file } = this.#described(descriptor, 'read');
    const end = Math.min(file.length, position + length);
    if (end <= position) return 0;
    target.set(file.bytes.subarray(position, end), offset);
    return end - position;
  }

  readFileSync(path: string, encoding?: BufferEncoding): Buffer | string {
    this.#mustLive();
    const file = this.#find(path);
    if (!file) throw failure('ENOENT', 'open', path);
    const bytes = Buffer.from(file.bytes.subarray(0, file.length));
    return encoding ? bytes.toString(encoding) : bytes;
  }

  writeFileSync(path: string, data: string | Uint8Array, options?: { readonly flush?: boolean }): void {
    const descriptor = this.openSync(path, 'w');
    this.ftruncateSync(descriptor, 0);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length; ) at += this.writeSync(descriptor, bytes, at);
    if (options?.flush) this.fsyncSync(descriptor);
    this.closeSync(descriptor);
  }

  ftruncateSync(descriptor: number, length: number): void {
    const { file } = this.#described(descriptor, 'ftruncate');
    this.#cut(file, length);
  }

  truncateSync(path: string, length: number): void {
    const file = this.#find(path);
    if (!file) throw failure('ENOENT', 'truncate', path);
    this.#cut(file, length);
  }

  unlinkSync(path: string): void {
    if (!this.#find(path)) throw failure('ENOENT', 'unlink', path);
    this.#change('unlink', () => this.#rename(path, (names, name) => names.delete(name)));
  }

  rmSync(path: string): void {
    if (this.#find(path)) this.unlinkSync(path);
  }

  renameSync(from: string, to: string): void {
    const file = this.#find(from);
    if (!file) throw failure('ENOENT', 'rename', from);
    this.#change('rename', () =>
      this.#rename(from, (names, name) => {
        names.delete(name);
        names.set(to, file);
      }),
    );
  }

  statSync(path: string): { readonly size: number; readonly mtimeMs: number } {
    this.#mustLive();
    const file = this.#find(path);
    if (!file) throw failure('ENOENT', 'stat', path);
    return { size: file.length, mtimeMs: file.changedAt };
  }

  readdirSync(path: string, options?: { readonly withFileTypes: boolean }): unknown[] {
    this.#mustLive();
    const directory = this.#directories.get(path);
    if (!directory) throw failure('ENOENT', 'scandir', path);
    const base = (name: string): string => name.slice(path.length + 1);
    const files = [...directory.now.keys()].map((name) => ({ name: base(name), isDirectory: () => false }));
    const children = [...this.#directories.keys()].filter((name) => dirname(name) === path);
    const directories = children.map((name) => ({ name: base(name), isDirectory: () => true }));
    const entries = [...files, ...directories].sort((one, other) => (one.name < other.name ? -1 : 1));
    return options?.withFileTypes ? entries : entries.map(({ name }) => name);
  }

  fsyncSync(descriptor: number): void {
    const open = this.#described(descriptor, 'fsync');
    this.#change('fsync', () => settle(open));
  }

  fdatasyncSync(descriptor: number): void {
    this.fsyncSync(descriptor);
  }

  fdatasync(descriptor: number, callback: (error: Error | null) => void): void {
    const open = this.#described(descriptor, 'fdatasync');
    const { length } = open.file;
    this.#trouble.sync(() => {
      if (this.#trouble.syncs)
        open.file.synced = Math.max(open.file.synced, Math.min(length, open.file.length));
      callback(null);
    });
  }

  /** The machine dies: what was not synced is lost or torn. */
  losePower(random: Random): void {
    for (const directory of this.#directories.values()) {
      const kept = random.whole(0, directory.changes.length);
      for (const change of directory.changes.slice(0, kept)) change(directory.synced);
      directory.changes = [];
      directory.now.clear();
      for (const [name, file] of directory.synced) directory.now.set(name, file);
    }
    for (const { now } of this.#directories.values())
      for (const file of new Set(now.values())) tear(file, random);
  }

  #change(call: string, work: () => void): void {
    this.#mustLive();
    this.#trouble.before(call);
    this.#mustLive();
    work();
    this.#trouble.after(call);
    this.#mustLive();
  }

  #mustLive(): void {
    if (!this.#trouble.alive()) throw new Killed('the process died during a call to the disk');
  }

  #describe(open: Open): number {
    this.#descriptor += 1;
    this.#open.set(this.#descriptor, open);
    return this.#descriptor;
  }

  #described(descriptor: number, call: string): Open {
    const open = this.#open.get(descriptor);
    if (!open) throw failure('EBADF', call);
    return open;
  }

  #find(path: string): File | undefined {
    return this.#directories.get(dirname(path))?.now.get(path);
  }

  #rename(path: string, change: (names: Map<string, File>, name: string) => void): void {
    const directory = this.#directories.get(dirname(path));
    if (!directory) throw failure('ENOENT', 'open', path);
    change(directory.now, path);
    directory.changes.push((names) => change(names, path));
  }

  #append(file: File, data: Uint8Array): void {
    if (file.length + data.length > file.bytes.length) {
      const grown = Buffer.alloc(Math.max(1_024, 2 * (file.length + data.length)));
      file.bytes.copy(grown, 0, 0, file.length);
      file.bytes = grown;
    }
    file.bytes.set(data, file.length);
    file.length += data.length;
    file.changedAt = this.#trouble.now();
  }

  #cut(file: File, length: number): void {
    this.#change('truncate', () => {
      file.length = Math.min(file.length, length);
      file.synced = Math.min(file.synced, length);
    });
  }
}

function settle({ file, isDirectory }: Open): void {
  file.synced = file.length;
  if (!isDirectory) return;
  for (const change of isDirectory.changes) change(isDirectory.synced);
  isDirectory.changes = [];
}

const failure = (code: string, syscall: string, path = ''): Error =>
  Object.assign(new Error(`${code}: ${syscall} ${path}`), { code, syscall });

/** What a full disk says. */
export const diskFull = (call: string): Error => failure('ENOSPC', call);
