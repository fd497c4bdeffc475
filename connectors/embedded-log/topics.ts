// Topics of the embedded log: a directory each, with `topic.json` and one directory per partition.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import type { TopicSpec } from '../log.ts';
import { unusable } from './failures.ts';
import { Partition } from './partition.ts';
import { Partitioner } from './partitioner.ts';
import { syncDirectory } from './segment.ts';
import { recordBytesMaxDefault, type Settings } from './settings.ts';

const partitionsMax = 1_024;
const namePattern = /^[a-zA-Z0-9._-]{1,249}$/;

export interface Topic {
  readonly spec: Required<TopicSpec>;
  readonly partitions: readonly Partition[];
  readonly partitioner: Partitioner;
}

/** Opens every topic of the directory. One whose `topic.json` was never finished does not exist. */
export function openTopics(settings: Settings): Map<string, Topic> {
  const topics = new Map<string, Topic>();
  for (const entry of readdirSync(settings.directory, { withFileTypes: true })) {
    const spec = entry.isDirectory() ? readSpec(join(settings.directory, entry.name)) : null;
    if (spec) topics.set(spec.name, openTopic(spec, settings));
  }
  return topics;
}

/** Makes a topic: its partitions first, its metadata last, so that a crash in between leaves no half topic. */
export function createTopic(given: TopicSpec, settings: Settings): Topic {
  const spec = {
    compacted: false,
    retentionMs: settings.retentionMs,
    recordBytesMax: recordBytesMaxDefault,
    ...given,
  };
  const directory = join(settings.directory, spec.name);
  try {
    const topic = openTopic(spec, settings);
    const file = join(directory, 'topic.json');
    writeFileSync(`${file}.new`, `${JSON.stringify(spec)}\n`, { flush: true });
    renameSync(`${file}.new`, file);
    if (settings.fsync) for (const path of [directory, settings.directory]) syncDirectory(path);
    return topic;
  } catch (error) {
    throw unusable(directory, error);
  }
}

/** Throws `Misconfigured` when a topic cannot be made as asked. Names of internal topics are refused. */
export function checkSpec({ name, partitions }: TopicSpec): void {
  if (!namePattern.test(name) || name === '.' || name === '..' || name.startsWith('__'))
    throw new Misconfigured(`${JSON.stringify(name)} cannot be the name of a topic`, {
      code: 'bad-topic-name',
      fix: 'use up to 249 of a–z, A–Z, 0–9, dot, underscore and hyphen, and no two underscores in front',
    });
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > partitionsMax)
    throw new Misconfigured(`topic ${name} cannot have ${partitions} partitions`, {
      code: 'bad-partition-count',
      fix: `give it 1 to ${partitionsMax}`,
    });
}

function readSpec(directory: string): Required<TopicSpec> | null {
  const file = join(directory, 'topic.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Required<TopicSpec>;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Misconfigured(`${file} does not describe a topic`, {
      code: 'corrupt-topic',
      fix: 'restore the file from a copy, or write {"name":…,"partitions":…,"compacted":…,"retentionMs":…,"recordBytesMax":…}',
      cause,
    });
  }
}

function openTopic(spec: Required<TopicSpec>, settings: Settings): Topic {
  const directory = join(settings.directory, spec.name);
  mkdirSync(directory, { recursive: true });
  const partitions = Array.from({ length: spec.partitions }, (_, number) =>
    Partition.open(spec.name, number, join(directory, String(number)), settings, spec),
  );
  return { spec, partitions, partitioner: new Partitioner() };
}
