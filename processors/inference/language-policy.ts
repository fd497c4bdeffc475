// Which languages a tenant expects, and whether close relatives count as one.
import type { Answers } from './engine.ts';

export interface LanguagePolicy {
  /** BCP 47 codes by tenant, `*` for all others; a tenant without an entry may send any language. */
  readonly expected: Readonly<Record<string, readonly string[]>>;
  /** Confusable languages become one label, by the groups that the release declares. */
  readonly grouped: boolean;
}

/**
 * The answer about one row as if the model knew the expected languages only: the others are ruled out, what is left is
 * scaled to sum to one, and then groups are summed. A text none of whose expected languages is possible gets zeros.
 */
export function narrowed(answers: Answers, row: number, policy: LanguagePolicy, tenant: string): Answers {
  const { labels } = answers;
  const expected = policy.expected[tenant] ?? policy.expected['*'];
  const from = row * labels.length;
  let probabilities = answers.probabilities.slice(from, from + labels.length);
  if (expected !== undefined) {
    let sum = 0;
    labels.forEach((label, at) => {
      if (expected.includes(label)) sum += probabilities[at]!;
      else probabilities[at] = 0;
    });
    if (sum > 0) probabilities = probabilities.map((value) => value / sum);
  }
  return policy.grouped ? grouped(answers, probabilities) : { ...answers, probabilities };
}

function grouped(answers: Answers, probabilities: Float32Array<ArrayBuffer>): Answers {
  const groupOf = new Map(
    Object.entries(answers.groups ?? {}).flatMap(([group, members]) =>
      members.map((member) => [member, group] as const),
    ),
  );
  const sums = new Map<string, number>();
  answers.labels.forEach((label, at) => {
    const group = groupOf.get(label) ?? label;
    sums.set(group, (sums.get(group) ?? 0) + probabilities[at]!);
  });
  return { ...answers, labels: [...sums.keys()], probabilities: Float32Array.from(sums.values()) };
}
