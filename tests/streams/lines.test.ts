// Bytes as lines, however they were cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLineGroups, readLines } from '../../streams/lines.ts';

async function* pieces(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(text: string, { size = 4, bytesMax = 100 } = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(pieces(text, size), bytesMax)) lines.push(line.toString('utf8'));
  return lines;
}

test('lines are the same however the bytes were cut', async () => {
  const text = '\ufeffGrüße\r\n\nzwei\r\r\n\ufeffdrei\n😀';
  for (const size of [1, 2, 3, 5, 100])
    assert.deepEqual(await linesOf(text, { size }), ['Grüße', '', 'zwei\r', '\ufeffdrei', '😀'], `${size}`);
});

test('a last line may lack its newline; nothing at all has no line', async () => {
  assert.deepEqual(await linesOf('a\nb\n'), ['a', 'b']);
  assert.deepEqual(await linesOf('\n'), ['']);
  assert.deepEqual(await linesOf(''), []);
});

test('a line that is too long is cut to one byte more, and the next is whole', async () => {
  const text = `${'x'.repeat(50)}\nshort\n${'y'.repeat(30)}`;
  for (const size of [1, 7, 100]) {
    const lines = await linesOf(text, { size, bytesMax: 10 });
    assert.deepEqual(lines, ['x'.repeat(11), 'short', 'y'.repeat(11)], `${size}`);
  }
});

test('what one piece completes comes before the next piece is asked for', async () => {
  let asked = 0;
  async function* source() {
    for (const text of ['one\ntwo\nth', 'ree\n']) {
      asked += 1;
      yield Buffer.from(text);
    }
  }
  const seen: [number, string[]][] = [];
  for await (const group of readLineGroups(source(), 100)) seen.push([asked, group.map(String)]);
  assert.deepEqual(seen, [
    [1, ['one', 'two']],
    [2, ['three']],
  ]);
});
