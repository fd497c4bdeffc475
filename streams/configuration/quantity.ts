// Numbers as people write them: plain, or with the suffix of a time or a size.
import { z } from 'zod';
import type { Kind } from './setting.ts';

interface Range {
  readonly min: number;
  readonly max?: number;
}

const millisecondsBySuffix: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const bytesBySuffix: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

const spread = ({ min, max }: Range): string => (max === undefined ? `${min} or more` : `${min} to ${max}`);

const bounded = (schema: z.ZodNumber, { min, max }: Range): z.ZodNumber =>
  max === undefined ? schema.min(min) : schema.min(min).max(max);

function numberFrom(given: string, bySuffix: Readonly<Record<string, number>>): number | string {
  const match = /^(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*([A-Za-z]*)$/.exec(given.trim());
  if (!match) return given;
  const [, digits = '', suffix = ''] = match;
  const factor = suffix === '' ? 1 : bySuffix[suffix];
  return factor === undefined ? given : Number(digits) * factor;
}

function wholeNumber(noun: string, bySuffix: Readonly<Record<string, number>>, range: Range): Kind<number> {
  return {
    wanted: `${noun}, ${spread(range)}`,
    schema: bounded(z.number().int(), range),
    fromText: (given) => numberFrom(given, bySuffix),
    emptyIsNone: false,
  };
}

export const count = (range: Range): Kind<number> => wholeNumber('a whole number', {}, range);

/** Whole milliseconds; `30s`, `5m`, `2h`, `7d` are read too. */
export const milliseconds = (range: Range): Kind<number> =>
  wholeNumber('milliseconds (or 30s, 5m, 2h, 7d)', millisecondsBySuffix, range);

/** Whole bytes; `512KiB`, `64MiB`, `1GiB` are read too. */
export const bytes = (range: Range): Kind<number> =>
  wholeNumber('bytes (or 512KiB, 64MiB, 1GiB)', bytesBySuffix, range);

export function fraction(range: Range): Kind<number> {
  return {
    wanted: `a number, ${spread(range)}`,
    schema: bounded(z.number(), range),
    fromText: (given) => numberFrom(given, {}),
    emptyIsNone: false,
  };
}
