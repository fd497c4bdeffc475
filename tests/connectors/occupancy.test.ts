// One process per data directory: who wins, and that a claim ends with its process.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { forwardCommand } from '../../connectors/occupancy/forwarding.ts';
import { occupyDirectory } from '../../connectors/occupancy/occupancy.ts';
import { occupancyBench, terminal } from './occupancy-bench.ts';

const { root, fresh, occupy, startChild } = occupancyBench();

describe('the claim', () => {
  it('is refused while another holds it, free again afterwards', async () => {
    const directory = fresh();
    const owner = await occupy(directory);
    await assert.rejects(
      occupyDirectory(directory, async () => 0),
      {
        name: 'Misconfigured',
        code: 'directory-occupied',
        message: new RegExp(`process ${process.pid}, since 2`),
        fix: /MILLRACE_DATA_DIRECTORY/,
      },
    );
    await owner.close();
    await occupy(directory);
  });

  it('lets only the same user in', async () => {
    const directory = fresh();
    await occupy(directory);
    const [socket = ''] = readdirSync(directory);
    assert.equal(statSync(path.join(directory, socket)).mode & 0o777, 0o600);
  });

  it('passes on after kill -9, to one of many simultaneous starts', async () => {
    const directory = fresh();
    const first = await startChild(directory);
    assert.equal(first.said, 'occupied');
    assert.equal((await startChild(directory)).said, 'directory-occupied');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const at = Date.now() + 1_500;
    const said = await Promise.all(
      Array.from({ length: 4 }, async () => (await startChild(directory, at)).said),
    );
    assert.deepEqual(said.sort(), [
      'directory-occupied',
      'directory-occupied',
      'directory-occupied',
      'occupied',
    ]);
  });

  it('has one winner every time, over new, abandoned and abruptly left directories', async () => {
    for (let round = 0; round < 15; round += 1) {
      const directory = path.join(root, `race-${round % 3}`);
      const starts = Array.from({ length: 12 }, () => occupyDirectory(directory, async () => 0));
      const settled = await Promise.allSettled(starts);
      const winners = settled.filter((start) => start.status === 'fulfilled').map(({ value }) => value);
      for (const winner of winners) await winner.close();
      assert.equal(winners.length, 1, `round ${round}`);
      for (const start of settled)
        if (start.status === 'rejected') assert.equal(start.reason.code, 'directory-occupied');
      const sockets = readdirSync(directory);
      assert.equal(sockets.length, 1, `only the newest socket stays, not ${sockets}`);
    }
  });

  it('works where the path is too long for a socket address', async () => {
    const directory = path.join(fresh(), 'd'.repeat(120), 'e'.repeat(60));
    await occupy(directory, async ({ stdout }) => {
      await stdout.write('far');
      return 3;
    });
    const { io, text } = terminal();
    assert.equal(await forwardCommand(directory, io), 3);
    assert.equal(text('stdout'), 'far');
    await assert.rejects(
      occupyDirectory(directory, async () => 0),
      { code: 'directory-occupied' },
    );
  });

  it('says why a directory cannot be used', async () => {
    const file = fresh();
    writeFileSync(file, '');
    const refused = { name: 'Misconfigured', code: 'directory-unusable', fix: /writable/ };
    await assert.rejects(
      occupyDirectory(file, async () => 0),
      { ...refused, message: /is a file/ },
    );
    // Where Node’s own recursive mkdir would try forever.
    await assert.rejects(
      occupyDirectory('/proc/millrace', async () => 0),
      refused,
    );
    await assert.rejects(
      occupyDirectory(path.join(file, 'below'), async () => 0),
      refused,
    );
  });

  it('survives strangers who talk no frames or nothing', async () => {
    const directory = fresh();
    await occupy(directory, async () => 7);
    const name = path.join(directory, readdirSync(directory)[0] ?? '');
    const rude = createConnection(name, () => rude.write(randomBytes(100_000)));
    rude.on('error', () => {});
    const silent = createConnection(name);
    await new Promise((resolve) => rude.on('close', resolve));
    assert.equal(await forwardCommand(directory, terminal().io), 7);
    silent.destroy();
  });
});
