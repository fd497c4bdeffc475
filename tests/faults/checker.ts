// The checker: told what was acknowledged, what the log holds and what the tables hold, it says what was lost,
// repeated, put out of order or made up. It is a function of that evidence alone and asks Millrace nothing.
import type { Acknowledged, Kind } from './injector.ts';

/** A place in the log. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** A record of `comments` as it lies in the log; `id` and `kind` are the injector's own. */
export interface CommentRecord extends Place {
  readonly id: string;
  readonly key: string;
  readonly kind: Kind;
}

/** A record of a topic that the streams write: `predictions`, `scores`. */
export interface OutputRecord extends Place {
  readonly messageId: string;
}

/** A record of `dead-letters`. */
export interface LetterRecord extends Place {
  readonly from: Place & { readonly topic: string };
  readonly code: string;
}

export interface Evidence {
  readonly acknowledged: readonly Acknowledged[];
  readonly comments: readonly CommentRecord[];
  readonly predictions: readonly OutputRecord[];
  readonly scores: readonly OutputRecord[];
  readonly letters: readonly LetterRecord[];
  /** Rows of each topic's table, every one, by the place they say they were read at. */
  readonly rows: Readonly<Record<'comments' | 'predictions' | 'scores' | 'letters', readonly Place[]>>;
  /** Results in `predictions`, and results that its materialized view has counted. */
  readonly view: { readonly results: number; readonly counted: number };
  /** Places of `comments` from here on are in the log; earlier ones were deleted on purpose. By partition. */
  readonly logStarts: ReadonlyMap<number, number>;
  /** Acknowledged messages that were deleted from the log on purpose before they were read. */
  readonly deleted: ReadonlySet<string>;
}

export interface Verdict {
  /** Records that the log acknowledged; one sent twice counts twice. */
  readonly acknowledged: number;
  /** Acknowledged messages with a row in `comments` and a score. */
  readonly stored: number;
  readonly deadLettered: number;
  /** Messages or records without the row, score or dead letter that they must have. */
  readonly lost: number;
  /** Rows, scores or dead letters beyond the one that there must be. */
  readonly duplicated: number;
  /** Outputs of a key behind outputs of its later comments. */
  readonly reordered: number;
  /** Acknowledged messages that the log does not have. */
  readonly unseen: number;
  /** Rows of records that the log does not have, and outputs of comments nobody sent. */
  readonly invented: number;
  /** Outputs published a second time under the id of the first (the documented exception for zombies). */
  readonly repeated: number;
  /** Good messages that became dead letters. */
  readonly wronglyRefused: number;
  /** Results that the materialized view counts too many or too few. */
  readonly viewOff: number;
  readonly codes: Readonly<Record<string, number>>;
  /** A few of what is wrong, for people. */
  readonly examples: readonly string[];
}

const placeOf = ({ partition, offset }: Place): string => `${partition}/${offset}`;

export function judge(evidence: Evidence): Verdict {
  const court = new Court(evidence);
  court.log();
  court.tables();
  court.outcomes();
  court.order('scores');
  court.order('predictions');
  return court.verdict();
}

type Fault = 'lost' | 'duplicated' | 'reordered' | 'unseen' | 'invented' | 'repeated' | 'wronglyRefused';

class Court {
  readonly #evidence: Evidence;
  readonly #found: Record<Fault, number> = {
    lost: 0,
    duplicated: 0,
    reordered: 0,
    unseen: 0,
    invented: 0,
    repeated: 0,
    wronglyRefused: 0,
  };
  readonly #examples: string[] = [];
  #stored = 0;
  #deadLettered = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  /** What was acknowledged must be in the log. */
  log(): void {
    const { acknowledged, comments, deleted } = this.#evidence;
    const inLog = counted(comments.map(({ id }) => id));
    for (const [id, times] of counted(acknowledged.map((sent) => sent.id))) {
      const missing = times - (inLog.get(id) ?? 0);
      if (missing > 0 && !deleted.has(id)) this.#note('unseen', missing, `${id} was acknowledged`);
    }
  }

  /** Every record that has a message has one row; every row has a record. */
  tables(): void {
    const { comments, predictions, scores, letters, rows } = this.#evidence;
    const readable = comments.filter(({ kind }) => kind !== 'unreadable');
    this.#table('comments', readable, rows.comments);
    this.#table('predictions', predictions, rows.predictions);
    this.#table('scores', scores, rows.scores);
    this.#table('letters', letters, rows.letters);
  }

  #table(name: string, records: readonly Place[], rows: readonly Place[]): void {
    const stored = counted(rows.map(placeOf));
    for (const record of records) {
      const place = placeOf(record);
      const times = stored.get(place) ?? 0;
      stored.delete(place);
      if (times === 0) this.#note('lost', 1, `${name} ${place} has no row`);
      if (times > 1) this.#note('duplicated', times - 1, `${name} ${place} has ${times} rows`);
    }
    const starts = name === 'comments' ? this.#evidence.logStarts : new Map<number, number>();
    for (const [place, times] of stored) {
      const [partition, offset] = place.split('/').map(Number);
      if (offset! < (starts.get(partition!) ?? 0)) continue; // stored before it was deleted
      this.#note('invented', times, `${name} ${place} has a row and no record`);
    }
  }

  /** Every comment of the log was scored once or dead-lettered once. */
  outcomes(): void {
    const { comments, predictions, scores, letters } = this.#evidence;
    const predicted = counted(predictions.map(({ messageId }) => messageId));
    const scored = counted(scores.map(({ messageId }) => messageId));
    const refused = counted(
      letters.filter(({ from }) => from.topic === 'comments').map(({ from }) => placeOf(from)),
    );
    for (const [id, records] of groupedById(comments)) {
      const letterCount = records.reduce(
        (sum, record) => sum + Math.min(1, refused.get(placeOf(record)) ?? 0),
        0,
      );
      for (const record of records) this.#letters(record, refused.get(placeOf(record)) ?? 0);
      const due = records.length - letterCount;
      // Equal ids are equal messages: after a crash one output may stand for several records of one id.
      const least = Math.min(1, due);
      this.#outputs(`${id}: scores`, scored.get(id) ?? 0, least, due);
      this.#outputs(`${id}: predictions`, predicted.get(id) ?? 0, least, due);
      this.#stored += Math.min(due, scored.get(id) ?? 0);
      this.#deadLettered += letterCount;
      scored.delete(id);
      predicted.delete(id);
    }
    if (this.#evidence.deleted.size > 0) return; // outputs of comments that are not in the log any more
    for (const [id, times] of [...scored, ...predicted]) this.#note('invented', times, `an output of ${id}`);
  }

  #letters({ id, kind }: CommentRecord, times: number): void {
    if (times > 1) this.#note('duplicated', times - 1, `${id} has ${times} dead letters`);
    if (kind === 'good' && times > 0) this.#note('wronglyRefused', 1, `${id} is good and was dead-lettered`);
    if (kind !== 'good' && times === 0) this.#note('lost', 1, `${id} must be a dead letter`);
  }

  #outputs(what: string, times: number, least: number, most: number): void {
    if (times < least) this.#note('lost', least - times, `${what} ${times} instead of ${most}`);
    if (times > most) this.#note('repeated', times - most, `${what} ${times} instead of ${most}`);
  }

  /** Within a partition of the output, what comes of one key keeps the order of its comments; repeats left out. */
  order(topic: 'scores' | 'predictions'): void {
    const input = new Map<string, CommentRecord>();
    // Of records with one id the first counts, as of their outputs.
    for (const comment of this.#evidence.comments) {
      const known = input.get(comment.id);
      if (!known || comment.offset < known.offset) input.set(comment.id, comment);
    }
    const seen = new Set<string>();
    const last = new Map<string, number>();
    const outputs = [...this.#evidence[topic]].sort(
      (a, b) => a.partition - b.partition || a.offset - b.offset,
    );
    for (const { messageId, partition } of outputs) {
      const comment = input.get(messageId);
      if (!comment || seen.has(messageId)) continue;
      seen.add(messageId);
      const lane = `${partition} ${comment.partition} ${comment.key}`;
      if (comment.offset < (last.get(lane) ?? -1))
        this.#note('reordered', 1, `${topic}: ${messageId} of ${comment.key} comes late`);
      last.set(lane, Math.max(comment.offset, last.get(lane) ?? -1));
    }
  }

  verdict(): Verdict {
    const { acknowledged, letters, view } = this.#evidence;
    return {
      acknowledged: acknowledged.length,
      stored: this.#stored,
      deadLettered: this.#deadLettered,
      ...this.#found,
      viewOff: Math.abs(view.results - view.counted),
      codes: Object.fromEntries(counted(letters.map(({ code }) => code))),
      examples: this.#examples,
    };
  }

  #note(fault: Fault, times: number, example: string): void {
    this.#found[fault] += times;
    if (this.#examples.length < 12) this.#examples.push(`${fault}: ${example}`);
  }
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function groupedById(comments: readonly CommentRecord[]): Map<string, CommentRecord[]> {
  const groups = new Map<string, CommentRecord[]>();
  for (const comment of comments) {
    const group = groups.get(comment.id);
    if (group) group.push(comment);
    else groups.set(comment.id, [comment]);
  }
  return groups;
}

/** What a verdict has against it; nothing when every promise was kept. */
export function chargesOf(
  verdict: Verdict,
  { repeatsMax }: { readonly repeatsMax: number },
): readonly string[] {
  const charges: string[] = [];
  for (const fault of [
    'lost',
    'duplicated',
    'reordered',
    'unseen',
    'invented',
    'wronglyRefused',
    'viewOff',
  ] as const)
    if (verdict[fault] > 0) charges.push(`${fault} ${verdict[fault]}`);
  if (verdict.repeated > repeatsMax) charges.push(`repeated ${verdict.repeated}, ${repeatsMax} at most`);
  if (verdict.acknowledged === 0) charges.push('nothing was acknowledged, so nothing was proven');
  return charges;
}
