// The queue of token models under random arrivals: nothing lost or taken twice, budgets and padding bounded, nobody
// starved, deadlines heeded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paddingFactorMax, shapeLimits } from '../../../../processors/inference/batching/batch-shape.ts';
import {
  type TakeLimits,
  type TokenBatch,
  TokenQueue,
  type TokenWork,
} from '../../../../processors/inference/batching/token-queue.ts';
import { Call } from '../../../../processors/inference/call.ts';
import type { TokenRows } from '../../../../processors/inference/model.ts';
import { createRandom } from '../../../../trainers/random.ts';

const never = Number.POSITIVE_INFINITY;
const rowsOf = (lengths: readonly number[]): TokenRows => {
  let end = 0;
  const ends = Int32Array.from(lengths, (length) => {
    end += length;
    return end;
  });
  return { ids: new Int32Array(end).fill(7), ends };
};

let tickets = 0;
const workOf = (lengths: readonly number[], dueAt = never): TokenWork => ({
  rows: rowsOf(lengths),
  call: new Call(['task'], Math.max(1, lengths.length), [new Float32Array(Math.max(1, lengths.length))]),
  from: 0,
  ticket: tickets++,
  dueAt,
});

/** A model that takes a hundredth of a millisecond a token and one for a run. */
const limitsOf = (tokensMax: number, unitsPerRun: number, nowMs = 0): TakeLimits => ({
  ...shapeLimits(tokensMax, unitsPerRun),
  nowMs,
  expectedMs: (tokens) => 1 + tokens / 100,
});

/** The inputs of a batch, as numbers of works and rows. */
function inputsOf({ segments }: TokenBatch, works: readonly TokenWork[]): string[] {
  return segments.flatMap(({ work, order, from, to }) =>
    [...order.subarray(from, to)].map((row) => `${works.indexOf(work)}/${row}`),
  );
}

const lengthOf = ({ rows }: TokenWork, row: number): number => rows.ends[row]! - (rows.ends[row - 1] ?? 0);

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`random arrivals, seed ${seed}: every input once, in batches within their limits, none starved`, () => {
    const random = createRandom(seed);
    const queue = new TokenQueue();
    const works: TokenWork[] = [];
    const bounds: number[] = [];
    const taken = new Map<string, number>();
    let batches = 0;
    let waiting = 0;
    const tokensMax = [64, 256, 1_024][seed % 3]!;
    const limits = limitsOf(tokensMax, seed % 2 === 0 ? 0 : 40);
    const length = () => Math.floor(120 * random() ** 3);
    while (works.length < 300 || waiting > 0) {
      // Mostly short ones, again and again: what is long must get its turn all the same.
      if (works.length < 300 && random() < 0.6) {
        const work = workOf(Array.from({ length: 1 + Math.floor(30 * random()) }, length));
        queue.add(work, tokensMax);
        works.push(work);
        waiting += work.rows.ends.length;
        // Two turns over what waits and some batches until it goes first, then one for each input before it.
        bounds.push(batches + Math.ceil((2 * queue.tokens) / tokensMax) + 9 + waiting);
      }
      if (random() < 0.5) continue;
      const batch = queue.take(limits);
      assert.equal(batch === null, waiting === 0);
      if (batch === null) continue;
      batches++;
      const inputs = inputsOf(batch, works);
      assert.equal(inputs.length, batch.rows);
      waiting -= inputs.length;
      assert.equal(queue.texts, waiting);
      let tokens = 0;
      let longest = 0;
      for (const input of inputs) {
        const [work, row] = input.split('/').map(Number);
        assert.ok(!taken.has(input), `${input} was taken twice`);
        taken.set(input, batches);
        tokens += lengthOf(works[work!]!, row!);
        longest = Math.max(longest, lengthOf(works[work!]!, row!));
      }
      assert.equal(batch.width, Math.max(1, longest));
      assert.equal(batch.tokens, tokens);
      const padded = batch.rows * batch.width;
      assert.ok(batch.rows === 1 || padded <= tokensMax, `${padded} tokens`);
      const cost = padded + limits.runTokens;
      const least = tokens + limits.runTokens;
      assert.ok(batch.rows === 1 || cost <= paddingFactorMax * least, `${padded} tokens for ${tokens}`);
    }
    assert.equal(queue.take(limits), null);
    for (const [at, work] of works.entries())
      for (let row = 0; row < work.rows.ends.length; row++)
        assert.ok(taken.get(`${at}/${row}`)! <= bounds[at]!, `input ${at}/${row} waited too long`);
  });
}

test('short inputs that keep coming do not hold a long one up', () => {
  const queue = new TokenQueue();
  const limits = limitsOf(64, 0);
  queue.add(workOf([8, 8, 8, 8]), 64);
  queue.take(limits);
  const long = workOf([100]);
  queue.add(long, 64);
  for (let batch = 1; batch <= 40; batch++) {
    queue.add(workOf(Array.from({ length: 8 }, () => 8)), 64);
    if (queue.take(limits)!.segments.some(({ work }) => work === long)) return;
  }
  assert.fail('forty batches went before it');
});

test('an input whose deadline is near goes first, and its batch stays as small as the deadline needs', () => {
  const queue = new TokenQueue();
  queue.add(workOf(Array.from({ length: 200 }, () => 50)), 1_024);
  const urgent = workOf([20], 1_004);
  queue.add(urgent, 1_024);
  const far = queue.take(limitsOf(1_024, 0, 900))!;
  assert.ok(far.segments.every(({ work }) => work !== urgent));
  const near = queue.take(limitsOf(1_024, 100, 1_002))!;
  assert.equal(near.segments[0]!.work, urgent);
  assert.ok(1_002 + 1 + (near.rows * near.width) / 100 <= 1_004, `${near.rows} × ${near.width}`);
  // One that is late already holds nothing up, and is taken all the same.
  const late = workOf([50], 500);
  queue.add(late, 1_024);
  const after = queue.take(limitsOf(1_024, 0, 1_003))!;
  assert.equal(after.segments[0]!.work, late);
  assert.ok(after.rows > 1);
});

test('the longest input runs alone where padding others to it would cost more than half again', () => {
  const queue = new TokenQueue();
  queue.add(workOf([10, 300, 12]), 10_000);
  const limits = limitsOf(10_000, 100);
  const alone = queue.take(limits)!;
  assert.deepEqual([alone.rows, alone.width], [1, 300]);
  assert.equal(queue.take(limits)!.rows, 2);
  // Where a run itself costs that much more, padding is the cheaper way.
  queue.add(workOf([10, 300, 12]), 10_000);
  assert.equal(queue.take(limitsOf(10_000, 10_000))!.rows, 3);
});

test('what is cleared is not taken', () => {
  const queue = new TokenQueue();
  const work = workOf([3, 4]);
  queue.add(work, 64);
  assert.deepEqual(queue.clear(), [work]);
  assert.equal(queue.texts, 0);
  assert.equal(queue.take(limitsOf(64, 0)), null);
  queue.add(workOf([5]), 64);
  assert.equal(queue.take(limitsOf(64, 0))!.rows, 1);
});
