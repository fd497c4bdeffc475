// Labelled messages in a file: what is written is read again, the same bytes from the same lines, and whoever writes many
// does other things meanwhile.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { LabelledText } from '../../../trainers/retraining/collection.ts';
import { readLabelled, writeLabelled } from '../../../trainers/retraining/labelled-file.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-labelled-'));
after(() => rm(directory, { recursive: true, force: true }));

const row = (at: number, text: string): LabelledText => ({
  messageId: `m${at}`,
  text,
  kind: 'comment',
  tenant: 'default',
  label: 'glad',
  value: null,
  eventTime: at,
});
const linesOf = (rows: readonly LabelledText[]): Buffer =>
  Buffer.from(rows.map((each) => `${JSON.stringify(each)}\n`).join(''));

describe('a labelled file', () => {
  it('holds what was written, letters on the edge of a piece and ends of lines within texts included', async () => {
    const rows = Array.from({ length: 4_000 }, (_, at) =>
      row(at, `${'ж'.repeat(at % 97)} \u2028 \n 🦊 ${at}`),
    );
    const [one, other] = [join(directory, 'one.gz'), join(directory, 'other.gz')];
    const written = await writeLabelled(one, linesOf(rows));
    assert.deepEqual(await readLabelled(one), rows);
    assert.equal(written.rows, rows.length);
    assert.equal(
      written.sha256,
      createHash('sha256')
        .update(await readFile(one))
        .digest('hex'),
    );
    assert.deepEqual(await writeLabelled(other, linesOf(rows)), written);
    assert.deepEqual((await readdir(directory)).sort(), ['one.gz', 'other.gz']);
  });

  it('of none is none, and one that is cut off is refused', async () => {
    const path = join(directory, 'none.gz');
    assert.equal((await writeLabelled(path, Buffer.alloc(0))).rows, 0);
    assert.deepEqual(await readLabelled(path), []);
    await writeLabelled(path, linesOf([row(1, 'a text'.repeat(100))]));
    await writeFile(path, (await readFile(path)).subarray(0, 40));
    await assert.rejects(readLabelled(path));
  });

  it('is written while the process has turns for other things, and stops when it is to', async () => {
    const lines = linesOf(Array.from({ length: 10_000 }, (_, at) => row(at, `${at} said `.repeat(60))));
    let turns = 0;
    let isWriting = true;
    const turn = () => {
      turns += 1;
      if (isWriting) setImmediate(turn);
    };
    setImmediate(turn);
    await writeLabelled(join(directory, 'many.gz'), lines);
    isWriting = false;
    assert.ok(turns > lines.length / 65_536 / 2, `${turns} turns`);
    const stop = AbortSignal.abort(new Error('enough'));
    await assert.rejects(writeLabelled(join(directory, 'stopped.gz'), lines, stop));
    assert.ok(!(await readdir(directory)).includes('stopped.gz'));
  });
});
