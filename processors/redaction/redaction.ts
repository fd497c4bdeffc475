// Personal data taken out of texts: each piece is replaced by its kind, as in “write to [email]”. Pure and linear in
// the length of the text; what is found is a matter of form, so a name or a street stays.
import { cards } from './card.ts';
import { emails } from './email.ts';
import { addresses } from './ip.ts';
import { phones } from './phone.ts';
import { plainDigits, type Span } from './span.ts';

export const redactable = ['email', 'phone', 'card', 'ip'] as const;
export type Redactable = (typeof redactable)[number];

/** What finds each kind, in an order in which none mistakes a part of another for its own. */
const finders: readonly (readonly [Redactable, (text: string) => readonly Span[]])[] = [
  ['email', emails],
  ['card', cards],
  ['ip', addresses],
  ['phone', phones],
];

/** A text with personal data replaced; the same text when there is none. */
export type Redact = (text: string) => string;

/** Makes the function for some kinds; `count` is told how many of a kind were replaced. */
export function createRedaction(
  kinds: readonly Redactable[],
  count: (kind: Redactable, found: number) => void = () => {},
): Redact {
  const wanted = finders.filter(([kind]) => kinds.includes(kind));
  return (text) => {
    let redacted = text;
    for (const [kind, find] of wanted) {
      const spans = find(plainDigits(redacted));
      if (spans.length === 0) continue;
      redacted = replaced(redacted, spans, `[${kind}]`);
      count(kind, spans.length);
    }
    return redacted;
  };
}

function replaced(text: string, spans: readonly Span[], mark: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    if (start < at) continue;
    pieces.push(text.slice(at, start), mark);
    at = end;
  }
  return pieces.join('') + text.slice(at);
}
