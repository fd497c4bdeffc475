// The options by which the dlq commands choose letters.
import type { Command } from 'commander';
import { deadLetterCodes } from '../../schemas/dead-letter.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { LetterFilter } from '../dead-letters/letters.ts';
import { instantOf } from '../replay/instant.ts';
import { topicNamed } from './command.ts';

export interface FilterOptions {
  readonly stage?: string;
  readonly code?: string;
  readonly topic?: string;
  readonly tenant?: string;
  readonly since?: string;
  readonly until?: string;
}

export const withFilter = (command: Command): Command =>
  command
    .option('--stage <stage>', 'only what this stage refused, such as features or sinks')
    .option('--code <code>', `only for this reason: ${deadLetterCodes.join(', ')}`)
    .option('--topic <topic>', 'only records of this topic')
    .option('--tenant <tenant>', 'only messages of this tenant, as far as they tell')
    .option('--since <time>', 'only what became a dead letter from here on: 2026-03-01T12:00:00Z or -1h')
    .option('--until <time>', 'only what became a dead letter before this');

/** The chosen letters; `now` in ms since 1970. Throws `Misconfigured` for options that choose nothing at all. */
export function filterOf(options: FilterOptions, now: number): LetterFilter {
  const { stage, code, topic, tenant, since, until } = options;
  if (code !== undefined && !(deadLetterCodes as readonly string[]).includes(code))
    throw new Misconfigured(`there is no reason "${code}"`, {
      code: 'bad-argument',
      fix: `Reasons are ${deadLetterCodes.join(', ')}.`,
    });
  if (topic !== undefined) topicNamed(topic);
  return {
    ...(stage === undefined ? {} : { stage }),
    ...(code === undefined ? {} : { code }),
    ...(topic === undefined ? {} : { topic }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(since === undefined ? {} : { since: instantOf('--since', since, now) }),
    ...(until === undefined ? {} : { until: instantOf('--until', until, now) }),
  };
}
