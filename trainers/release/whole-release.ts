// Finishes a release: hashes of its files, and its card.
import { sha256Of } from '../../connectors/model-store/release-files.ts';
import type { WholeRelease } from '../../connectors/model-store.ts';
import type { Baseline } from '../../schemas/baseline.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { isDriftFile } from '../../schemas/text-sketch.ts';
import { printCard } from './card.ts';
import type { FrozenBaselines } from './frozen-baseline.ts';

/**
 * A release as a store publishes it, from a manifest without hashes, the files that are served, and its baselines with
 * the sketches that came with them.
 */
export function wholeRelease(
  draft: ModelManifest,
  served: ReadonlyMap<string, Uint8Array>,
  baselines: readonly Baseline[] | FrozenBaselines,
): WholeRelease {
  const files = new Map([
    ...served,
    ['baseline.json', Buffer.from(printBaselines(baselines))] as const,
    ...('sketches' in baselines ? baselines.sketches : []),
  ]);
  const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256Of(bytes)]));
  const manifest: ModelManifest = { ...draft, files: hashes };
  return { manifest, files, card: printCard(manifest, servedBytes(served)) };
}

/** One line for each: people compare them. */
const printBaselines = (baselines: readonly Baseline[]): string =>
  baselines.length === 0
    ? '[]\n'
    : `[\n${baselines.map((baseline) => JSON.stringify(baseline)).join(',\n')}\n]\n`;

/** Bytes of what is served: all files but those of drift. */
export const servedBytes = (files: ReadonlyMap<string, Uint8Array>): number =>
  [...files].reduce((sum, [name, bytes]) => sum + (isDriftFile(name) ? 0 : bytes.length), 0);
