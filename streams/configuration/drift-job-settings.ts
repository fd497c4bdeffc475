// Drift jobs as people write them: “look at these releases, in windows of this size, by these statistics”.
import { z } from 'zod';
import { statisticNames } from '../../processors/drift/thresholds.ts';
import { kinds } from '../../schemas/features.ts';
import { milliseconds } from './quantity.ts';
import type { Kind } from './setting.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'small letters, digits and dashes');

/** A list in YAML, names between commas in a variable. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (given) => (typeof given === 'string' ? given.split(',').filter(Boolean) : given),
    z.array(item),
  );

/** A number, also as text. */
const number = (min: number, max: number) =>
  z.preprocess(
    (given) => (typeof given === 'string' && given !== '' ? Number(given) : given),
    z.number().min(min).max(max),
  );

/** `5m`, `1h` or milliseconds, of whole minutes: that is how histograms are kept. */
const minutes = z.preprocess(
  (given) => (typeof given === 'string' ? milliseconds({ min: 0 }).fromText(given) : given),
  z.number().int().min(60_000).multipleOf(60_000, 'whole minutes (60000 ms)'),
);

const statistic = z.enum(
  statisticNames as readonly [(typeof statisticNames)[number], ...(typeof statisticNames)[number][]],
);

/** A mapping in YAML, `psi:0.2,hellinger:0.1` in a variable. */
const thresholds = z.preprocess(
  (given) =>
    typeof given === 'string'
      ? Object.fromEntries(
          given
            .split(',')
            .filter(Boolean)
            .map((pair) => {
              const [key = '', value = ''] = pair.split(':');
              return [key, value === '' ? value : Number(value)];
            }),
        )
      : given,
  z.partialRecord(statistic, z.number().min(0)),
);

const jobSchema = z.strictObject({
  name,
  tasks: listOf(z.string().regex(/^[a-z][a-z0-9-]*$/, 'no name of a task')).optional(),
  releases: listOf(z.string().regex(/^[^@\s]+@[^@\s]+$/, 'no release, task@version')).optional(),
  kind: z.enum(kinds).optional(),
  tenants: z.enum(['together', 'apart']).default('together'),
  window: z.enum(['tumbling', 'sliding']).default('tumbling'),
  size: minutes.optional(),
  step: minutes.optional(),
  features: listOf(z.string().min(1)).optional(),
  statistics: listOf(statistic).optional(),
  thresholds: thresholds.default({}),
  falseAlarmRate: number(1e-6, 0.5).optional(),
  correction: z.enum(['holm', 'benjamini-hochberg', 'none']).default('holm'),
  samplesMin: number(1, Number.MAX_SAFE_INTEGER).optional(),
  dataThreshold: number(0, 1).optional(),
  predictionThreshold: number(0, 1).optional(),
});

/** One drift job as it was declared; what it leaves out, the other drift settings say. */
export type DriftJobSettings = Readonly<z.infer<typeof jobSchema>>;

const words = Object.keys(jobSchema.shape).join(', ');

/** `name=hourly tasks=toxicity size=1h; name=…` in a variable, a list of mappings in YAML. */
export const driftJobList: Kind<readonly DriftJobSettings[]> = {
  wanted: `drift jobs, each with a name, of ${words}`,
  schema: z.array(jobSchema),
  fromText: (given) =>
    given
      .split(';')
      .filter((part) => part.trim() !== '')
      .map((job) => Object.fromEntries(job.trim().split(/\s+/).map(pairOf))),
  emptyIsNone: true,
  explains: true,
};

function pairOf(word: string): readonly [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}
