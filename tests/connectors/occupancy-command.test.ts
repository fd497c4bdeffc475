// Commands that travel to the process that holds the directory: what arrives, what comes back, what ends what.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { forwardCommand } from '../../connectors/occupancy/forwarding.ts';
import { framesOf } from '../../connectors/occupancy/frames.ts';
import { findOccupant } from '../../connectors/occupancy/knock.ts';
import { occupyDirectory } from '../../connectors/occupancy/occupancy.ts';
import { aborted, occupancyBench, terminal } from './occupancy-bench.ts';

const { fresh, occupy, startChild } = occupancyBench();

describe('a command', () => {
  it('is nobody’s business where nobody is', async () => {
    assert.equal(await forwardCommand(fresh(), terminal().io), null);
    const left = fresh();
    await (await occupy(left)).close();
    assert.equal(await forwardCommand(left, terminal().io), null);
    const empty = fresh();
    mkdirSync(empty);
    assert.equal(await findOccupant(empty), null);
  });

  it('carries arguments there, both outputs and the exit code back', async () => {
    const directory = fresh();
    await occupy(directory, async ({ argv, columns, isTTY, stdinIsUsed, stdout, stderr }) => {
      await stdout.write(JSON.stringify({ argv, columns, isTTY, stdinIsUsed }));
      await stderr.write('hm');
      await stderr.write(Buffer.from([0xe2, 0x80, 0xa6]));
      return 42;
    });
    const { io, text } = terminal({ argv: ['sql', '…'], columns: 90, isTTY: true, stdinIsUsed: false });
    assert.equal(await forwardCommand(directory, io), 42);
    assert.deepEqual(JSON.parse(text('stdout')), {
      argv: ['sql', '…'],
      columns: 90,
      isTTY: true,
      stdinIsUsed: false,
    });
    assert.equal(text('stderr'), 'hm…');
  });

  it('streams input and output of any size, byte for byte, many at a time', async () => {
    const directory = fresh();
    await occupy(directory, async ({ stdin, stdout }) => {
      for await (const piece of stdin) await stdout.write(piece);
      return 0;
    });
    const digest = (pieces: readonly Buffer[]): string =>
      pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest('hex');
    const echo = async (): Promise<void> => {
      const sizes = [1, 70_000, 1_300_000, 3, 65_536, 2_000_000];
      const pieces = sizes.map((size) => randomBytes(size));
      async function* stdin() {
        yield* pieces;
      }
      const { io, written } = terminal({ stdin: stdin() });
      assert.equal(await forwardCommand(directory, io), 0);
      assert.equal(digest(written.stdout), digest(pieces));
    };
    await Promise.all([echo(), echo(), echo()]);
  });

  it('takes no input that is not read', async () => {
    const directory = fresh();
    let taken = 0;
    async function* endless() {
      for (;;) {
        taken += 1;
        yield Buffer.alloc(1_000);
      }
    }
    await occupy(directory, async ({ argv, stdin }) => {
      if (argv[0] === 'one') for await (const piece of stdin) return piece.length === 1_000 ? 0 : 1;
      return 0;
    });
    assert.equal(await forwardCommand(directory, terminal({ stdin: endless() }).io), 0);
    assert.equal(taken, 0);
    assert.equal(await forwardCommand(directory, terminal({ argv: ['one'], stdin: endless() }).io), 0);
    assert.ok(taken <= 2, `${taken} pieces`);
  });

  it('waits for a slow reader instead of filling memory', async () => {
    const directory = fresh();
    let sent = 0;
    await occupy(directory, async ({ stdout, signal }) => {
      while (!signal.aborted) {
        await stdout.write(Buffer.alloc(65_536));
        sent += 65_536;
      }
      return 0;
    });
    const reader = new AbortController();
    let release = (): void => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = forwardCommand(
      directory,
      terminal({ signal: reader.signal, stdout: { write: () => stuck } }).io,
    );
    let before = -1;
    while (sent !== before) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(sent < 8_000_000, `${sent} bytes went ahead of a reader that took none`);
    reader.abort();
    release();
    assert.equal(await running, 0);
  });

  it('is aborted by the sender’s signal and may still answer', async () => {
    const directory = fresh();
    await occupy(directory, async ({ signal, stdout }) => {
      await stdout.write('begun');
      await aborted(signal);
      await stdout.write(', ended');
      return 130;
    });
    const controller = new AbortController();
    const { io, text, written } = terminal({ signal: controller.signal });
    const running = forwardCommand(directory, {
      ...io,
      stdout: {
        write: async (piece) => {
          written.stdout.push(Buffer.from(piece));
          controller.abort();
        },
      },
    });
    assert.equal(await running, 130);
    assert.equal(text('stdout'), 'begun, ended');
  });

  it('is aborted when the sender’s output is closed, and when the sender is gone', async () => {
    const directory = fresh();
    const ends: string[] = [];
    let ended = (): void => {};
    await occupy(directory, async ({ argv, signal, stdin, stdout }) => {
      await stdout.write('x');
      await aborted(signal);
      await assert.rejects(async () => {
        for await (const piece of stdin) assert.fail(`got ${piece}`);
      });
      ends.push(argv[0] ?? '');
      ended();
      return 0;
    });
    const closed = async (): Promise<void> => {
      throw Object.assign(new Error('closed'), { code: 'EPIPE' });
    };
    const ending = new Promise<void>((resolve) => {
      ended = resolve;
    });
    assert.equal(
      await forwardCommand(directory, terminal({ argv: ['pipe'], stdout: { write: closed } }).io),
      141,
    );
    await ending;
    assert.deepEqual(ends, ['pipe']);
  });

  it('reports input that cannot be read', async () => {
    const directory = fresh();
    await occupy(directory, async ({ stdin, signal }) => {
      for await (const piece of stdin) assert.ok(piece.length > 0);
      return signal.aborted ? 1 : 0;
    });
    // biome-ignore lint/correctness/useYield: an input that fails before its first piece
    async function* broken(): AsyncGenerator<Buffer> {
      throw new Error('disk on fire');
    }
    await assert.rejects(forwardCommand(directory, terminal({ stdin: broken() }).io), /disk on fire/);
  });

  it('that throws is an exit code with its message', async () => {
    const directory = fresh();
    await occupy(directory, async () => {
      throw new Error('no such table');
    });
    const { io, text } = terminal();
    assert.equal(await forwardCommand(directory, io), 1);
    assert.equal(text('stderr'), 'no such table\n');
  });

  it('says so when the owner dies under it', async () => {
    const directory = fresh();
    const { child } = await startChild(directory);
    const running = forwardCommand(
      directory,
      terminal({ stdout: { write: async () => void child.kill('SIGKILL') } }).io,
    );
    await assert.rejects(running, { name: 'Retryable', code: 'occupant-gone' });
  });

  it('is refused while the owner shuts down, which ends the running ones and keeps the directory', async () => {
    const directory = fresh();
    let begun = (): void => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const owner = await occupy(directory, async ({ signal }) => {
      begun();
      await aborted(signal);
      return 5;
    });
    const running = forwardCommand(directory, terminal().io);
    await beginning;
    await owner.drain();
    assert.equal(await running, 5);
    await assert.rejects(forwardCommand(directory, terminal().io), {
      name: 'Retryable',
      code: 'occupant-closing',
    });
    await assert.rejects(
      occupyDirectory(directory, async () => 0),
      { code: 'directory-occupied' },
    );
  });
});

describe('frames', () => {
  it('arrive whole however the bytes were cut', async () => {
    const bytes = Buffer.concat([
      Buffer.from([6, 3, 0, 0, 0, 97, 98, 99]),
      Buffer.from([5, 0, 0, 0, 0]),
      Buffer.from([8, 1, 0, 0, 0, 48]),
    ]);
    for (const size of [1, 2, 3, 5, 7, bytes.length]) {
      async function* cut() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const frames: string[] = [];
      for await (const { type, payload } of framesOf(cut())) frames.push(`${type}:${payload}`);
      assert.deepEqual(frames, ['stdout:abc', 'stdinEnd:', 'exit:0']);
    }
  });

  it('are refused when they are none', async () => {
    const read = async (...bytes: readonly number[]): Promise<void> => {
      async function* source() {
        yield Buffer.from(bytes);
      }
      for await (const frame of framesOf(source())) assert.fail(frame.type);
    };
    await assert.rejects(read(0, 0, 0, 0, 0), /no frame/);
    await assert.rejects(read(71, 69, 84, 32, 47), /no frame/);
    await assert.rejects(read(6, 255, 255, 255, 255), /no frame/);
  });
});
