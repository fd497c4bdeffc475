// `millrace doctor`: what this machine has, what of it answers, and what to do about the rest.
import type { Configuration } from '../configuration/configuration.ts';
import { servingReleases } from '../models.ts';
import { clickhouse, kafka, redis, registry } from './connections.ts';
import { type Examination, type Finding, find } from './finding.ts';
import { chdb, librdkafka } from './libraries.ts';
import { dataDirectory, java, maven, node, processors } from './machine.ts';
import { examineProviders } from './providers.ts';

/**
 * Examines everything that a configuration needs or could use, side by side, each within its own time limit (20 s at
 * most in all). Never throws and opens nothing for longer than the look. Findings come in a fixed order.
 */
export async function examineMachine(configuration: Configuration): Promise<readonly Finding[]> {
  const before = [node, processors, dataDirectory(configuration)];
  const after = [
    chdb(configuration),
    models(configuration),
    librdkafka(configuration),
    kafka(configuration),
    registry(configuration),
    clickhouse(configuration),
    redis(configuration),
    java,
    maven,
  ];
  const findings = await Promise.all([
    Promise.all(before.map(find)),
    examineProviders(configuration),
    Promise.all(after.map(find)),
  ]);
  return findings.flat();
}

const models = (configuration: Configuration): Examination => ({
  name: 'models',
  timeoutMs: 10_000,
  fix: `Put releases into ${configuration.inference.modelsDirectory}/<task>/<version>/ (\`millrace train <task>\`), or set MILLRACE_MODELS_DIRECTORY.`,
  examine: async () => {
    const releases = await servingReleases(configuration);
    return { status: 'ok', detail: releases.map(({ manifest }) => manifest.release).join(', ') };
  },
});
