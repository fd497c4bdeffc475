// Frames on the control socket: one byte of type, four bytes of length (little endian), payload.
import type { Socket } from 'node:net';
import { outputTo } from './command-io.ts';

/** What a frame says. The owner of the directory sends hello, stdinWanted, stdout, stderr, exit; the other side the rest. */
const frameTypes = {
  hello: 1,
  command: 2,
  stdinWanted: 3,
  stdin: 4,
  stdinEnd: 5,
  stdout: 6,
  stderr: 7,
  exit: 8,
  abort: 9,
} as const;
export type FrameType = keyof typeof frameTypes;

export interface Frame {
  readonly type: FrameType;
  readonly payload: Buffer;
}

/** Who answers: the first frame that the owner sends. */
export interface Hello {
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
  /** True while the owner shuts down: it takes no more commands. */
  readonly closing: boolean;
}

/** What is to be run: the first frame that the other side sends. */
export interface CommandRequest {
  readonly argv: readonly string[];
  readonly columns?: number;
  readonly isTTY?: boolean;
  readonly stdinIsUsed?: boolean;
}

const headBytes = 5;
const payloadBytesMax = 1_048_576;
const sliceBytes = 65_536;
const typesByNumber = new Map<number, FrameType>(
  Object.entries(frameTypes).map(([name, number]) => [number, name as FrameType]),
);

/** Frames of a byte stream, however it was cut. Throws on bytes that are no frames. */
export async function* framesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= headBytes) {
      const type = typesByNumber.get(rest[at] ?? 0);
      const length = rest.readUInt32LE(at + 1);
      if (type === undefined || length > payloadBytesMax)
        throw new Error('The control socket got bytes that are no frame.');
      if (rest.length - at < headBytes + length) break;
      yield { type, payload: rest.subarray(at + headBytes, at + headBytes + length) };
      at += headBytes + length;
    }
    rest = rest.subarray(at);
  }
}

/** Sends a payload, in several frames where it is long; resolves when the other side keeps up, rejects when it is gone. */
export async function sendFrame(
  socket: Socket,
  type: FrameType,
  payload: string | Buffer = '',
): Promise<void> {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const output = outputTo(socket);
  // Streams may be cut anywhere; what is one JSON text must arrive as one.
  const step = type === 'command' ? payloadBytesMax : sliceBytes;
  let at = 0;
  do {
    const slice = bytes.subarray(at, at + step);
    const frame = Buffer.alloc(headBytes + slice.length);
    frame.writeUInt8(frameTypes[type], 0);
    frame.writeUInt32LE(slice.length, 1);
    slice.copy(frame, headBytes);
    await output.write(frame);
    at += step;
  } while (at < bytes.length);
}

/** JSON payload of a frame. */
export const jsonOf = <T>(frame: Frame): T => JSON.parse(frame.payload.toString('utf8')) as T;
