// Finds the messages that a processor throws over. A chunk that it throws over is halved until single messages are
// left; those are `invalid`, the others go on. One such message costs about 2·log2(chunk) further calls. When more of
// the chunk fails than may, it is no matter of messages: the stream stops with the processor’s own error.
import { Fenced, Misconfigured, Retryable } from '../../schemas/errors.ts';
import { invalid, type Outcome } from '../../schemas/outcome.ts';

/** Longest reason that a dead letter gets from an error, in UTF-16 code units. */
const reasonLengthMax = 1_000;

/** In small chunks a share says little: so many messages may fail whatever it is. */
const failuresAlways = 4;

export interface Isolation<In, Out> {
  readonly process: (inputs: readonly In[]) => Promise<readonly Outcome<Out>[]>;
  /** Largest share of the inputs that the processor may throw over. */
  readonly shareMax: number;
  /** Told of every input that was found. */
  readonly found: (input: In, error: unknown) => void;
}

/**
 * Outcome i is what became of input i. Throws `Retryable`, `Fenced` and `Misconfigured` as they are, and the
 * processor’s first error when more than `shareMax` of the inputs fail.
 */
export async function processEach<In, Out>(
  inputs: readonly In[],
  { process, shareMax, found }: Isolation<In, Out>,
): Promise<readonly Outcome<Out>[]> {
  const failuresMax = Math.max(failuresAlways, shareMax * inputs.length);
  let failures = 0;
  let first: unknown;
  const halve = async (part: readonly In[]): Promise<readonly Outcome<Out>[]> => {
    let thrown: unknown;
    try {
      return await process(part);
    } catch (error) {
      if (!isOverMessages(error)) throw error;
      thrown = error;
      first ??= error;
    }
    if (part.length > 1) {
      const middle = part.length >> 1;
      return [...(await halve(part.slice(0, middle))), ...(await halve(part.slice(middle)))];
    }
    failures += 1;
    if (failures > failuresMax) throw new Hopeless();
    found(part[0]!, thrown);
    return [invalid('processing-failed', reasonOf(thrown))];
  };
  return halve(inputs).catch((error: unknown) => {
    throw error instanceof Hopeless ? first : error;
  });
}

/** Ends the search; whoever called gets the processor’s own error. */
class Hopeless extends Error {}

const isOverMessages = (error: unknown): boolean =>
  !(
    error instanceof Retryable ||
    error instanceof Fenced ||
    error instanceof Misconfigured ||
    error instanceof Hopeless
  );

const reasonOf = (error: unknown): string => String(error).slice(0, reasonLengthMax);
