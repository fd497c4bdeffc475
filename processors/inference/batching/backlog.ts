// Everything that waits, and which batch is next: requests before streams, but never only requests; within them what
// waits longest. The batch is as large as what was learned about costs allows.

import type { Call } from '../call.ts';
import { lengthOf } from '../model.ts';
import { keyOf, type Piece, WorkQueue } from '../work-queue.ts';
import { shapeLimits } from './batch-shape.ts';
import { type Job, TextJob, TokenJob, type TokenTarget } from './job.ts';
import { Room, type RoomLimits } from './room.ts';
import type { RunCosts } from './run-costs.ts';
import type { Priority } from './run-ledger.ts';
import { TokenQueue, type TokenWork } from './token-queue.ts';

export interface BacklogLimits extends RoomLimits {
  readonly textsPerRunMax: number;
  readonly charactersPerRunMax: number;
}

export interface NextJob {
  readonly job: Job;
  readonly priority: Priority;
}

/** After so many batches of requests one of a stream is taken, when one waits. */
const requestsInARowMax = 8;
/** While requests are about, a batch of a stream takes at most so many milliseconds: they may have to wait for it. */
const streamRunMs = 20;
/** Requests are about for so long after the last one. */
const aboutMs = 2_000;
/** Less than this is not worth a further thread. */
const splitTextsMin = 32;
const splitTokensMin = 256;

interface Lane {
  readonly room: Room;
  readonly texts: WorkQueue;
  readonly tokens: ReadonlyMap<string, TokenQueue>;
}

type Source = { readonly ticket: number; take(): Job };

export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #targets: ReadonlyMap<string, TokenTarget>;
  readonly #costs: RunCosts;
  readonly #now: () => number;
  readonly #lanes: Readonly<Record<Priority, Lane>>;
  #requestsInARow = 0;
  #requestedAt = Number.NEGATIVE_INFINITY;

  constructor(
    limits: BacklogLimits,
    targets: ReadonlyMap<string, TokenTarget>,
    costs: RunCosts,
    now: () => number,
  ) {
    const lane = (): Lane => ({
      room: new Room(limits),
      texts: new WorkQueue(),
      tokens: new Map([...targets.keys()].map((task) => [task, new TokenQueue()])),
    });
    this.#limits = limits;
    this.#targets = targets;
    this.#costs = costs;
    this.#now = now;
    this.#lanes = { request: lane(), stream: lane() };
  }

  /** Texts that wait. */
  texts(priority: Priority): number {
    return this.#lanes[priority].room.texts;
  }

  /** Makes room for texts that are then added, all or none. Throws `Overloaded`. */
  admit(priority: Priority, texts: number, characters: number): void {
    this.#lanes[priority].room.admit(texts, characters);
    if (priority === 'request') this.#requestedAt = this.#now();
  }

  /** Texts that were let in and will not be added. */
  leave(priority: Priority, texts: number): void {
    this.#lanes[priority].room.leave(texts);
  }

  addTexts(priority: Priority, piece: Piece): void {
    this.#lanes[priority].texts.add(piece);
  }

  addTokens(priority: Priority, task: string, work: TokenWork): void {
    this.#lanes[priority].tokens.get(task)!.add(work, this.#costs.fullBatchTokens(task));
  }

  /** The next batch for one of so many idle runners; null when nothing waits for those. */
  next(where: 'thread' | 'inline', idle: number): NextJob | null {
    const request = this.#first('request', where, idle);
    const stream = this.#first('stream', where, idle);
    const isStreamsTurn = request === null || this.#requestsInARow >= requestsInARowMax;
    if (stream !== null && isStreamsTurn) {
      this.#requestsInARow = 0;
      return this.#taken('stream', stream);
    }
    if (request === null) return null;
    this.#requestsInARow++;
    return this.#taken('request', request);
  }

  /** Whoever waits is told that nobody will answer. */
  rejectAll(error: Error): void {
    for (const { room, texts, tokens } of Object.values(this.#lanes)) {
      const queues = [texts, ...tokens.values()];
      room.leave(queues.reduce((sum, queue) => sum + queue.texts, 0));
      for (const { call } of queues.flatMap((queue): readonly { readonly call: Call }[] => queue.clear()))
        call.reject(error);
    }
  }

  #taken(priority: Priority, source: Source): NextJob {
    const job = source.take();
    this.#lanes[priority].room.leave(job.size.texts);
    return { job, priority };
  }

  /** What waits longest of a priority for threads, or for the calling thread. */
  #first(priority: Priority, where: 'thread' | 'inline', idle: number): Source | null {
    const { texts, tokens } = this.#lanes[priority];
    let first: Source | null = null;
    if (where === 'thread' && texts.ticket !== null)
      first = { ticket: texts.ticket, take: () => this.#takeTexts(priority, texts, idle) };
    for (const [task, queue] of tokens) {
      const { ticket } = queue;
      if (ticket === null || this.#costs.runsHere(task) !== (where === 'inline')) continue;
      if (first === null || ticket < first.ticket)
        first = { ticket, take: () => this.#takeTokens(priority, task, queue, idle) };
    }
    return first;
  }

  #takeTexts(priority: Priority, queue: WorkQueue, idle: number): Job {
    const { textsPerRunMax, charactersPerRunMax } = this.#limits;
    const share = Math.max(splitTextsMin, Math.ceil(queue.texts / idle));
    const pieces = queue.take(({ tasks, dueAt }) => {
      const cost = this.#costs.of(keyOf(tasks));
      const dueMs = dueAt - this.#now();
      const withinMs = Math.min(this.#boundMs(priority), dueMs > 0 ? dueMs : Number.POSITIVE_INFINITY);
      return {
        texts: Math.min(textsPerRunMax, share),
        characters: Math.min(charactersPerRunMax, cost.unitsWithin(withinMs)),
      };
    });
    const characters = pieces.reduce(
      (sum, { texts }) => sum + texts.reduce((all, text) => all + lengthOf(text), 0),
      0,
    );
    return new TextJob(pieces, keyOf(pieces[0]!.tasks), characters);
  }

  #takeTokens(priority: Priority, task: string, queue: TokenQueue, idle: number): Job {
    const cost = this.#costs.of(task);
    const full = this.#costs.fullBatchTokens(task);
    // Shared among those that are idle; one alone takes whatever a batch holds.
    const share = idle === 1 ? full : Math.max(splitTokensMin, Math.ceil(queue.tokens / idle));
    const tokensMax = Math.min(full, share, cost.unitsWithin(this.#boundMs(priority)));
    const batch = queue.take({
      ...shapeLimits(tokensMax, cost.unitsPerRun),
      nowMs: this.#now(),
      expectedMs: (tokens) => cost.expectedMs(tokens),
    });
    return new TokenJob(this.#targets.get(task)!, batch!);
  }

  /** How long a batch may take, for the sake of requests that may come. */
  #boundMs(priority: Priority): number {
    const isQuiet = this.#now() - this.#requestedAt > aboutMs;
    return priority === 'request' || isQuiet ? Number.POSITIVE_INFINITY : streamRunMs;
  }
}
