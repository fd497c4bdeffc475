// What became of one message in a stage. Outcomes are values; errors are for the world, not for messages.
import type { DeadLetterCode } from './dead-letter.ts';

export type Outcome<Out> =
  | { readonly kind: 'ok'; readonly outputs: readonly Out[] }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly code: DeadLetterCode; readonly reason: string };

/** A processor: outcome i is what became of message i. It may throw `Retryable`; anything else it throws is a bug. */
export type Process<In, Out> = (batch: readonly In[]) => Promise<readonly Outcome<Out>[]>;

export const ok = <Out>(...outputs: readonly Out[]): Outcome<Out> => ({ kind: 'ok', outputs });

export const drop = (reason: string): Outcome<never> => ({ kind: 'drop', reason });

export const invalid = (code: DeadLetterCode, reason: string): Outcome<never> => ({
  kind: 'invalid',
  code,
  reason,
});
