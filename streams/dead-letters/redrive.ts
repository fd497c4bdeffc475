// Puts dead letters back into the topics they came from, each record once: however often it is asked, by how many at
// once, and wherever a run is killed. For each chunk of letters, in order:
//   1. claims that their processes left open are settled by what really lies in the topics;
//   2. letters whose records were put back before are left out;
//   3. the rest is claimed in the ledger, with where the topics end; of two claims to the same record the earlier goes;
//   4. the records are published;
//   5. the claim is closed.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '../../connectors/log.ts';
import { Retryable } from '../../schemas/errors.ts';
import type { Stack } from '../stack.ts';
import { beginRun, endRun, leaseMs, thisClaimant } from './claimant.ts';
import { type Claim, type Entry, endsOf, isHeld, Ledger, originsOf, placesOf, topicsOf } from './ledger.ts';
import { type Letter, type LetterFilter, matches, originOf, readLetters } from './letters.ts';
import { type RefusedLetter, type Republication, republicationOf } from './republication.ts';

/** Letters of one chunk: what a claim holds, and the order of what is put back is kept within one. */
const chunkLettersMax = 500;
const chunkBytesMax = 8_388_608;
const waitMs = 200;

export interface RedriveOptions {
  readonly filter: LetterFilter;
  /** Says what would be done, and does nothing. */
  readonly isDry: boolean;
  readonly attemptsMax: number;
  readonly force: boolean;
  /** Records a second at most. */
  readonly rateMax?: number;
  readonly signal: AbortSignal;
  /** Told of each letter as its lot is settled. */
  readonly onLetter: (fate: Fate) => void;
  readonly onProgress: (progress: {
    readonly read: number;
    readonly total: number;
    readonly sent: number;
  }) => void;
}

/** What the run made of a letter. */
export type Fate =
  | ({ readonly kind: 'sent' } & Republication)
  | { readonly kind: 'before'; readonly letter: Letter['letter'] }
  | ({ readonly kind: 'refused' } & RefusedLetter);

/** Runs over every letter that the filter matches. Throws `Retryable` when the log or the registry does not answer. */
export async function redrive(stack: Stack, options: RedriveOptions): Promise<void> {
  const run = new Run(stack, options);
  beginRun(run.id);
  try {
    await run.work();
  } finally {
    endRun(run.id);
  }
}

class Run {
  readonly id: string = randomUUID();
  readonly #stack: Stack;
  readonly #options: RedriveOptions;
  readonly #ledger: Ledger;
  #held: Republication[] = [];
  #bytes = 0;
  #chunks = 0;
  #sent = 0;
  readonly #started = performance.now();

  constructor(stack: Stack, options: RedriveOptions) {
    this.#stack = stack;
    this.#options = options;
    this.#ledger = new Ledger(stack.log);
  }

  async work(): Promise<void> {
    const { signal, filter, isDry, onProgress } = this.#options;
    if (!isDry) await this.#ledger.create();
    await this.#ledger.refresh();
    const progress = { read: 0, total: 0 };
    const show = () => onProgress({ ...progress, sent: this.#sent });
    const reading = readLetters(this.#stack, { signal, onProgress: (at) => Object.assign(progress, at) });
    for await (const letters of reading) {
      for (const each of letters) if (matches(filter, each)) await this.#take(each);
      show();
    }
    await this.#flush();
    show();
  }

  async #take({ letter }: Letter): Promise<void> {
    const { attemptsMax, force, onLetter, rateMax = Number.POSITIVE_INFINITY } = this.#options;
    const rules = { attemptsMax, force, now: this.#stack.now() };
    // Before anything else: what was put back before is no failure, whatever would be said of it now.
    if (this.#ledger.sent(originOf(letter))) return onLetter({ kind: 'before', letter });
    const made = await republicationOf(this.#stack.wire, letter, rules);
    if ('refusal' in made) return onLetter({ kind: 'refused', ...made });
    this.#held.push(made);
    this.#bytes += made.record.value?.length ?? 0;
    const most = Math.max(1, Math.min(chunkLettersMax, Math.floor(rateMax)));
    if (this.#held.length >= most || this.#bytes >= chunkBytesMax) await this.#flush();
  }

  /** Puts back what is held, whatever others do meanwhile. */
  async #flush(): Promise<void> {
    let rest = this.#held.sort(inOrder);
    this.#held = [];
    this.#bytes = 0;
    while (rest.length > 0) {
      this.#options.signal.throwIfAborted();
      rest = this.#newOnly(rest);
      if (this.#options.isDry) {
        this.#tell(rest);
        return;
      }
      if (rest.length > 0 && (await this.#send(rest))) return;
    }
  }

  /** Leaves out what was put back before, and second letters about one record. */
  #newOnly(held: readonly Republication[]): Republication[] {
    const seen = new Set<string>();
    return held.filter(({ origin, letter }) => {
      const isNew = !this.#ledger.sent(origin) && !seen.has(origin);
      seen.add(origin);
      if (!isNew) this.#options.onLetter({ kind: 'before', letter });
      return isNew;
    });
  }

  /** False when another run was first with one of the records: what is left is looked at again. */
  async #send(rest: readonly Republication[]): Promise<boolean> {
    const { log, now } = this.#stack;
    const ledger = this.#ledger;
    await ledger.refresh();
    if (await this.#yield(rest, Number.POSITIVE_INFINITY)) return false;
    if (rest.some(({ origin }) => ledger.sent(origin))) return false;
    const claim = await this.#claim(rest);
    if (await this.#yield(rest, claim.offset)) {
      await ledger.write({ ...entryOf(claim), state: 'done', to: claim.from, origins: {} });
      return false;
    }
    // A process that slept so long may have been taken for dead, and its claim for another’s.
    if (now() - claim.at > leaseMs / 2)
      throw new Retryable(
        'The redrive took too long to begin with a chunk. Run it again: nothing is sent twice.',
        {
          code: 'redrive-too-slow',
        },
      );
    await log.publish(byTopic(rest));
    const to = await endsOf(log, topicsOf(claim.origins));
    await ledger.write({ ...entryOf(claim), state: 'done', to: to.print() });
    this.#tell(rest);
    await this.#slow();
    return true;
  }

  async #claim(rest: readonly Republication[]): Promise<Claim> {
    const { log, now } = this.#stack;
    const origins = placesOf(rest.map(({ origin }) => origin));
    const from = (await endsOf(log, topicsOf(origins))).print();
    this.#chunks += 1;
    const entry: Entry = {
      state: 'open',
      run: this.id,
      chunk: this.#chunks,
      claimant: thisClaimant(),
      at: now(),
      from,
      origins,
    };
    await this.#ledger.write(entry);
    return this.#ledger.claims.find(({ run, chunk }) => run === this.id && chunk === this.#chunks)!;
  }

  /**
   * Makes way for earlier claims to the same records: those that nobody works on any more are settled, for the others
   * it waits a moment. False when there are none.
   */
  async #yield(rest: readonly Republication[], before: number): Promise<boolean> {
    const { signal } = this.#options;
    const wanted = new Set(rest.map(({ origin }) => origin));
    const rivals = this.#ledger.claims.filter(
      ({ offset, run, origins }) =>
        offset < before && run !== this.id && originsOf(origins).some((origin) => wanted.has(origin)),
    );
    if (rivals.length === 0) return false;
    for (const rival of rivals)
      if (!isHeld(rival, this.#stack.now())) await this.#ledger.settle(rival, signal);
    if (rivals.some((rival) => isHeld(rival, this.#stack.now()))) {
      await sleep(waitMs, undefined, { signal });
      await this.#ledger.refresh();
    }
    return true;
  }

  #tell(sent: readonly Republication[]): void {
    this.#sent += sent.length;
    for (const each of sent) this.#options.onLetter({ kind: 'sent', ...each });
  }

  async #slow(): Promise<void> {
    const { rateMax, signal } = this.#options;
    if (rateMax === undefined) return;
    const dueMs = (this.#sent / rateMax) * 1_000 - (performance.now() - this.#started);
    if (dueMs > 0) await sleep(dueMs, undefined, { signal });
  }
}

function entryOf({ offset: _, ...entry }: Claim): Entry {
  return entry;
}

/** As they stood in their topics. */
const inOrder = ({ letter: a }: Republication, { letter: b }: Republication): number =>
  a.fromTopic.localeCompare(b.fromTopic) || a.fromPartition - b.fromPartition || a.fromOffset - b.fromOffset;

function byTopic(
  rest: readonly Republication[],
): readonly { readonly topic: string; readonly records: readonly LogRecord[] }[] {
  const topics = new Map<string, LogRecord[]>();
  for (const { letter, record } of rest) {
    const records = topics.get(letter.fromTopic) ?? [];
    records.push(record);
    topics.set(letter.fromTopic, records);
  }
  return [...topics].map(([topic, records]) => ({ topic, records }));
}
