// Finishes a release: hashes of its files, and its card.
import { sha256Of } from '../../connectors/model-store/release-files.ts';
import type { WholeRelease } from '../../connectors/model-store.ts';
import type { Baseline } from '../../schemas/baseline.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { printCard } from './card.ts';

/** A release as a store publishes it, from a manifest without hashes, the files that are served, and its baselines. */
export function wholeRelease(
  draft: ModelManifest,
  served: ReadonlyMap<string, Uint8Array>,
  baselines: readonly Baseline[],
): WholeRelease {
  const files = new Map([
    ...served,
    ['baseline.json', Buffer.from(`${JSON.stringify(baselines, null, 1)}\n`)] as const,
  ]);
  const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256Of(bytes)]));
  const manifest: ModelManifest = { ...draft, files: hashes };
  return { manifest, files, card: printCard(manifest, servedBytes(served)) };
}

/** Bytes of what is served: all files but the baselines. */
export const servedBytes = (files: ReadonlyMap<string, Uint8Array>): number =>
  [...files].reduce((sum, [name, bytes]) => sum + (name === 'baseline.json' ? 0 : bytes.length), 0);
