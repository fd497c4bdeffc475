// Points in time as people write them: ISO 8601, milliseconds since 1970, or so long ago (`-1h`).
import { Misconfigured } from '../../schemas/errors.ts';

const millisecondsByUnit: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds since 1970 of a time that an option holds; `now` in milliseconds. Throws `Misconfigured`
 * (`bad-argument`) naming the option.
 */
export function instantOf(option: string, text: string, now: number): number {
  const given = text.trim();
  if (given === 'now') return now;
  const ago = /^-(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(given);
  if (ago) return now - Number(ago[1]) * millisecondsByUnit[ago[2]!]!;
  if (/^\d{9,16}$/.test(given)) return Number(given);
  const ms = /^\d{4}-\d\d/.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new Misconfigured(`${option} ${text} is no time`, {
    code: 'bad-argument',
    fix: 'Write it as 2026-03-01T12:00:00Z, as milliseconds since 1970, or as time ago: -90s, -15m, -1h, -7d.',
  });
}
