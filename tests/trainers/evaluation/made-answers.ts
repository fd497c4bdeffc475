// Answers made from a seed, for the tests of evaluation and comparison.
import type { ModelManifest } from '../../../schemas/model-manifest.ts';
import { createRandom } from '../../../trainers/random.ts';
import type { Example } from '../../../trainers/trainer.ts';

export const options = { seed: 3, times: 200 };

export const manifest = (
  activation: ModelManifest['activation'],
  labels: readonly string[],
  more: object = {},
) => ({ release: 'mood@1.0.0', kind: 'ngram', activation, labels, ...more }) as unknown as ModelManifest;

/** Rows of which about `skill` are right, the surer the more often; some have a source, lengths vary. */
export function makeSet(rows: number, skill: number, seed: number) {
  const random = createRandom(seed);
  const examples: Example[] = [];
  const values = new Float32Array(rows * 3);
  for (let row = 0; row < rows; row++) {
    const held = Math.floor(random() * 3);
    const said = random() < skill ? held : (held + 1 + Math.floor(random() * 2)) % 3;
    const sure = 0.4 + 0.6 * random();
    for (let label = 0; label < 3; label++) values[row * 3 + label] = label === said ? sure : (1 - sure) / 2;
    examples.push({
      text: 'word '.repeat(1 + (row % 30)).trim(),
      labels: [['glad', 'sad', 'neutral'][held]!],
      slices: { source: row % 3 === 0 ? 'letters' : 'posts' },
    });
  }
  return { examples, values };
}
