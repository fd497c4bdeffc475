// Rows that a language model writes: a prompt for each label, answers taken apart, what was there before left out.
// Every row says that it is synthetic, which model wrote it, and from which prompt.
import { createHash } from 'node:crypto';
import type { ChatEndpoint } from '../../connectors/chat-endpoint.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { NearDuplicates } from './near-duplicates.ts';
import { wordCount } from './rows.ts';

export interface Synthesis {
  readonly endpoint: ChatEndpoint;
  readonly model: string;
  /** What is asked for, by label; `{count}` and `{label}` in it are filled in. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Rows wanted of each label. */
  readonly perLabel: number;
  /** Texts asked for at once. */
  readonly perRequest: number;
  /** Requests for a label in a row that may bring nothing new. */
  readonly emptyMax: number;
  readonly temperature: number;
  readonly seed: number;
  /** Similarity from which a text is nearly the same as one before, and left out. */
  readonly nearDuplicates: number;
  /** Texts that must not come again: those of a set it is made for. */
  readonly known?: AsyncIterable<{ readonly text: string }> | undefined;
  readonly wordsMin: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SynthesisProgress) => void) | undefined;
}

export interface SynthesisProgress {
  readonly label: string;
  readonly kept: number;
  readonly repeated: number;
  readonly short: number;
  readonly requests: number;
}

export interface SyntheticRow {
  readonly [column: string]: string | boolean;
  readonly text: string;
  readonly label: string;
  readonly synthetic: true;
  readonly model: string;
  /** The first 12 digits of the SHA-256 of the prompt. */
  readonly prompt: string;
}

/** How every prompt ends: answers have to be taken apart. */
const form =
  'Answer with a JSON array of {count} strings and nothing else. All of them differ in topic, length and wording.';

/** Rows, label by label, as they come. Throws `Misconfigured` when a model keeps answering with nothing new. */
export async function* synthesizeRows(synthesis: Synthesis): AsyncGenerator<SyntheticRow, void, void> {
  const seen = new NearDuplicates(synthesis.nearDuplicates);
  for await (const { text } of synthesis.known ?? []) seen.add(text);
  for (const [label, prompt] of Object.entries(synthesis.prompts))
    yield* rowsOf(label, prompt, seen, synthesis);
}

async function* rowsOf(
  label: string,
  prompt: string,
  seen: NearDuplicates,
  synthesis: Synthesis,
): AsyncGenerator<SyntheticRow, void, void> {
  const { endpoint, model, perLabel, perRequest, emptyMax, temperature, seed, signal, onProgress } =
    synthesis;
  const hash = createHash('sha256').update(prompt).digest('hex').slice(0, 12);
  let [kept, repeated, short, requests, empty] = [0, 0, 0, 0, 0];
  while (kept < perLabel) {
    const count = Math.min(perRequest, perLabel - kept);
    const user = `${prompt}\n\n${form}`.replaceAll('{count}', String(count)).replaceAll('{label}', label);
    const answer = await endpoint.complete(
      { user, temperature, tokensMax: 200 * count, seed: seed + requests },
      signal,
    );
    requests += 1;
    const before = kept;
    for (const text of textsOf(answer)) {
      if (kept === perLabel) break;
      if (wordCount(text) < synthesis.wordsMin) short += 1;
      else if (seen.matches(text).length > 0) repeated += 1;
      else {
        seen.add(text);
        kept += 1;
        yield { text, label, synthetic: true, model, prompt: hash };
      }
    }
    onProgress?.({ label, kept, repeated, short, requests });
    empty = kept === before ? empty + 1 : 0;
    if (empty > emptyMax) throw exhausted(label, kept, requests);
  }
}

/** A JSON array of texts, in a code fence or not; else a text a line without its bullet or number. */
export function textsOf(answer: string): readonly string[] {
  const listed = /\[[\s\S]*\]/.exec(answer)?.[0];
  return (listed === undefined ? null : fromJson(listed)) ?? fromLines(answer);
}

function fromJson(text: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return null;
    return cleaned(value.filter((item) => typeof item === 'string'));
  } catch {
    return null;
  }
}

const fromLines = (answer: string): readonly string[] =>
  cleaned(
    answer
      .split('\n')
      .filter((line) => !line.startsWith('```'))
      .map((line) => line.replace(/^\s*(?:[-*•]|\d+[.)])\s+/u, '').replace(/^["“](.*)["”],?$/u, '$1')),
  );

const cleaned = (texts: readonly string[]): readonly string[] =>
  texts.map(cleanText).filter((text) => text !== '');

const exhausted = (label: string, kept: number, requests: number): Misconfigured =>
  new Misconfigured(`the model brings nothing new for “${label}”: ${kept} rows after ${requests} requests`, {
    code: 'synthesis-exhausted',
    fix: 'Ask for more variety in the prompt, raise --temperature, or want fewer rows with --per-label.',
  });
