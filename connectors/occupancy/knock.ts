// Finds out who has a data directory open, by knocking at its newest socket.
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Retryable } from '../../schemas/errors.ts';
import { type Frame, framesOf, type Hello, jsonOf } from './frames.ts';
import { connectTo } from './socket-path.ts';

/** An owner that answered: its connection is open and its hello read. */
export interface Occupant {
  readonly socket: Socket;
  readonly frames: AsyncGenerator<Frame>;
  /** Null when it takes connections and says nothing: stopped, or too busy. */
  readonly hello: Hello | null;
}

const generationPattern = /^millrace\.(\d+)\.sock$/;
const helloTimeoutMs = 5_000;
const knocksMax = 50;
const knockPauseMs = 20;

export const socketName = (generation: number): string => `millrace.${generation}.sock`;

/** Generations of the sockets in a directory, ascending; none when there is no directory. */
export async function generationsIn(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names
    .map((name) => Number(generationPattern.exec(name)?.[1] ?? 0))
    .filter((generation) => generation > 0)
    .sort((a, b) => a - b);
}

/**
 * Who listens at a generation’s socket: null when nobody does, `withdrawn` when whoever did hung up without a hello,
 * which a start does that lost against a faster one, and a process that is just ending.
 */
export async function knock(directory: string, generation: number): Promise<Occupant | 'withdrawn' | null> {
  const socket = await connectTo(directory, socketName(generation));
  if (socket === null) return null;
  const frames = framesOf(socket);
  const timeout = new AbortController();
  const silence = sleep(helloTimeoutMs, 'silent' as const, { signal: timeout.signal }).catch(
    () => 'silent' as const,
  );
  const first = await Promise.race([frames.next().catch(() => ({ done: true }) as const), silence]);
  timeout.abort();
  if (first === 'silent') return { socket, frames, hello: null };
  if (first.done || first.value?.type !== 'hello') {
    socket.destroy();
    return 'withdrawn';
  }
  return { socket, frames, hello: jsonOf<Hello>(first.value) };
}

/** The process that has the directory open; null when none has. The caller closes the socket. */
export async function findOccupant(directory: string): Promise<Occupant | null> {
  for (let attempt = 0; attempt < knocksMax; attempt += 1) {
    const newest = (await generationsIn(directory)).at(-1);
    if (newest === undefined) return null;
    const answer = await knock(directory, newest);
    if (answer !== 'withdrawn') return answer;
    await sleep(knockPauseMs);
  }
  throw new Retryable(`Processes start and end on ${directory} all the time.`, {
    code: 'directory-contended',
  });
}
