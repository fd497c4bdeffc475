// A store with the shipped sentiment release under versions of its own, good and bad, and a system that tries them.
import { createHash } from 'node:crypto';
import { type ModelStore, openModelStore } from '../../../connectors/model-store.ts';

const shipped = openModelStore('models');

/** The shipped release again, as another version; `labels` are the names of its outputs, exchanged for a bad one. */
export async function publishAs(
  store: ModelStore,
  version: string,
  {
    labels,
    files: changes = {},
  }: { labels?: readonly string[]; files?: Readonly<Record<string, Buffer>> } = {},
): Promise<string> {
  const { manifest, files, card } = await shipped.whole('sentiment');
  const release = `sentiment@${version}`;
  const baseline = Buffer.from(files.get('baseline.json')!).toString('utf8');
  const own = { 'baseline.json': Buffer.from(baseline.replaceAll(manifest.release, release)), ...changes };
  const hashes = Object.entries(own).map(([file, bytes]) => [
    file,
    createHash('sha256').update(bytes).digest('hex'),
  ]);
  await store.publish({
    manifest: {
      ...manifest,
      version,
      release,
      labels: labels ?? manifest.labels,
      files: { ...manifest.files, ...Object.fromEntries(hashes) },
    },
    files: new Map([...files, ...Object.entries(own)]),
    card,
  });
  return release;
}

/** Its labels, each under the name of another. */
export const exchangedLabels = async (): Promise<readonly string[]> => {
  const { labels } = await shipped.manifest('sentiment');
  return [...labels.slice(1), labels[0]!];
};

/** Settings of a small system that tries candidates for sentiment. */
export const trying = {
  MILLRACE_STREAMS: 'chain,sinks,experiments',
  MILLRACE_COMMENT_TASKS: 'sentiment',
  MILLRACE_PROMPT_TASKS: 'sentiment',
  MILLRACE_LOG_LEVEL: 'silent',
  MILLRACE_INFERENCE_WORKERS: '1',
  // Every insert goes through all views: few larger ones are cheaper.
  MILLRACE_SINK_FLUSH_MS: '150',
  MILLRACE_SINK_FLUSH_BULK_MS: '150',
  MILLRACE_EXPERIMENTS_EVERY_MS: '500',
  MILLRACE_EXPERIMENTS_LATE_MS: '30000',
};
