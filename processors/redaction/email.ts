// E-mail addresses: looked for around each @, as far as an address may reach, so that the time is linear.
import type { Span } from './span.ts';

const localMax = 64;
const domainMax = 253;

// Scripts that set words apart by spaces: in the others the words beside an address would be taken for a part of it.
const local = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d.!#$%&'*+/=?^_`{|}~-]/u;
const domain = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\d.-]/u;
const host = /^(?:[\p{L}\d](?:[\p{L}\d-]{0,61}[\p{L}\d])?\.)+(?:\p{L}{2,24}|xn--[a-z\d-]{2,59})/iu;
const leading = /^[.!#$%&'*/=?^`{|}~-]+/;

/** Addresses in a text, `plainDigits` applied. */
export function emails(text: string): readonly Span[] {
  const found: Span[] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    let start = at;
    const first = Math.max(0, at - localMax, found.at(-1)?.end ?? 0);
    while (start > first && local.test(text[start - 1]!)) start -= 1;
    start += leading.exec(text.slice(start, at))?.[0].length ?? 0;
    if (start === at) continue;
    let end = at + 1;
    const last = Math.min(text.length, at + 1 + domainMax);
    while (end < last && domain.test(text[end]!)) end += 1;
    const name = host.exec(text.slice(at + 1, end))?.[0];
    if (name) found.push({ start, end: at + 1 + name.length });
  }
  return found;
}
