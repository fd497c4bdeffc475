// Finishes a release: hashes of its files, and its card.
import { createHash } from 'node:crypto';
import type { WholeRelease } from '../../connectors/model-store.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { printCard } from './card.ts';

/** A release as a store publishes it, from a manifest without hashes and all its files, `baseline.json` included. */
export function wholeRelease(draft: ModelManifest, files: ReadonlyMap<string, Uint8Array>): WholeRelease {
  const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)]));
  const manifest: ModelManifest = { ...draft, files: hashes };
  return { manifest, files, card: printCard(manifest, servedBytes(files)) };
}

/** Bytes of what is served: all files but the baselines. */
export const servedBytes = (files: ReadonlyMap<string, Uint8Array>): number =>
  [...files].reduce((sum, [name, bytes]) => sum + (name === 'baseline.json' ? 0 : bytes.length), 0);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
