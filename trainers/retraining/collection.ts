// What people said about messages, made ready to learn from: cleaned as serving cleans, one answer a text, parted by time
// so that what is judged on is newer than all that is learned from, and nothing of it is learned.
import { cleanText } from '../../processors/features/cleaning.ts';
import { answerOf, keyOf } from '../data-sets/cleaning.ts';
import { NearDuplicates } from '../data-sets/near-duplicates.ts';
import { isInShare } from '../data-sets/rows.ts';
import type { Example } from '../trainer.ts';

/** A message with the answer that people gave it. */
export interface LabelledText {
  readonly messageId: string;
  readonly text: string;
  readonly kind: string;
  readonly tenant: string;
  /** The right answer; null where a score was given. */
  readonly label: string | null;
  /** The right score, 0–100 points; null where a label was given. */
  readonly value: number | null;
  /** When the message happened, ms since 1970. */
  readonly eventTime: number;
}

/** What the model that serves answers with. */
export interface Answering {
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'sigmoid' | 'identity';
}

export interface Parting {
  /** Share of the texts, the newest ones, that is only judged on. */
  readonly recentShare: number;
  /** Share of the others that is calibrated on. */
  readonly calibrationShare: number;
}

export interface Collection {
  readonly train: readonly Example[];
  readonly calibration: readonly Example[];
  /** The newest: never learned from. */
  readonly recent: readonly Example[];
  readonly counts: CollectionCounts;
}

/** What became of the rows, each counted once. */
export interface CollectionCounts {
  readonly read: number;
  /** Nothing is left of the text once it is clean. */
  readonly empty: number;
  /** A score where the model labels, or a label where it scores. */
  readonly unanswered: number;
  /** Labels that the model does not have, and how often. */
  readonly unknownLabels: Readonly<Record<string, number>>;
  /** Rows whose text has several answers. */
  readonly conflicting: number;
  /** Rows whose text came again later with the same answer. */
  readonly repeated: number;
  /** Rows left out of what is learned because a text that is judged on is nearly the same. */
  readonly near: number;
  readonly used: number;
}

/** Jaccard similarity from which two texts count as the same where one is judged on. */
const nearSimilarity = 0.8;

/** Cleans and parts labelled messages, in any order. */
export function collect(
  rows: readonly LabelledText[],
  answering: Answering,
  { recentShare, calibrationShare }: Parting,
): Collection {
  const { examples, ...counts } = usable(rows, answering);
  const distinct = withoutRepeats(examples);
  const cut = distinct.kept.length - Math.round(distinct.kept.length * recentShare);
  const recent = distinct.kept.slice(cut);
  const earlier = distinct.kept.slice(0, cut);
  const learned = withoutHeld(earlier, recent);
  const isKept = ({ text }: Example) => isInShare(text, calibrationShare);
  return {
    train: learned.filter((example) => !isKept(example)),
    calibration: learned.filter(isKept),
    recent,
    counts: {
      read: rows.length,
      ...counts,
      conflicting: distinct.conflicting,
      repeated: distinct.repeated,
      near: earlier.length - learned.length,
      used: learned.length + recent.length,
    },
  };
}

/** Examples without those that equal, or nearly equal, one that is held out. */
export function withoutHeld(examples: readonly Example[], held: readonly Example[]): readonly Example[] {
  const index = new NearDuplicates(nearSimilarity);
  const keys = new Set<string>();
  for (const example of held) {
    keys.add(keyOf(example));
    index.add(example.text);
  }
  return examples.filter((example) => !keys.has(keyOf(example)) && index.matches(example.text).length === 0);
}

/** Rows that say something about the model’s answers, the oldest message first. */
function usable(rows: readonly LabelledText[], { labels, activation }: Answering) {
  const known = new Set(labels);
  const unknownLabels: Record<string, number> = {};
  let [empty, unanswered] = [0, 0];
  const sorted = [...rows].sort((a, b) => a.eventTime - b.eventTime || (a.messageId < b.messageId ? -1 : 1));
  const examples = sorted.flatMap((row): Example[] => {
    const text = cleanText(row.text);
    const { label, value, kind, tenant } = row;
    const slices = { kind, tenant };
    if (text === '') empty += 1;
    else if (activation === 'identity') {
      if (value !== null) return [{ text, labels: [], values: [value], slices }];
      unanswered += 1;
    } else if (label === null) unanswered += 1;
    else if (!known.has(label)) unknownLabels[label] = (unknownLabels[label] ?? 0) + 1;
    else return [{ text, labels: [label], slices }];
    return [];
  });
  return { examples, empty, unanswered, unknownLabels };
}

/** One example a text, the newest; texts with several answers are left out whole. */
function withoutRepeats(examples: readonly Example[]) {
  const answers = new Map<string, Set<string>>();
  const last = new Map<string, number>();
  const keys = examples.map(keyOf);
  for (const [at, example] of examples.entries()) {
    const said = answers.get(keys[at]!) ?? new Set();
    answers.set(keys[at]!, said.add(answerOf(example)));
    last.set(keys[at]!, at);
  }
  let [conflicting, repeated] = [0, 0];
  const kept = examples.filter((_, at) => {
    if (answers.get(keys[at]!)!.size > 1) conflicting += 1;
    else if (last.get(keys[at]!) !== at) repeated += 1;
    else return true;
    return false;
  });
  return { kept, conflicting, repeated };
}
