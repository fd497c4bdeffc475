// Virtual time: a queue of events, each of one actor (a simulated process). One event runs, then every microtask it
// caused, then the next one. Nothing of one actor runs in an event of another: they meet only through the network.
// So the actor of the current event is the one whose code runs, and a dead actor's events are simply dropped.

/** A simulated operating-system process. */
export class Actor {
  readonly name: string;
  alive = true;
  /** Its events wait until then: it sleeps, or a disk holds it up. */
  blockedUntil = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/** What a disk throws at code of an actor that died during the call. Nobody sees it: the actor is dead. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** An event to come. */
export interface Due {
  time: number;
  readonly sequence: number;
  readonly actor: Actor;
  readonly run: () => void;
  cancelled: boolean;
}

const realSetImmediate = setImmediate;
/** Everything that promises have to do is done when the event loop gets to its next turn. */
const quiet = (): Promise<void> => new Promise((resolve) => realSetImmediate(resolve));

export class Clock {
  /** Milliseconds since 1970. */
  now: number;
  /** Whose event runs; null between events. */
  current: Actor | null = null;
  events = 0;
  /** What an event threw that nobody caught. */
  onCrash: (actor: Actor, error: unknown) => void = () => {};
  readonly #queue = new Queue();
  #sequence = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** Runs `run` as an event of the actor, unless it is dead or the event cancelled by then. */
  after(actor: Actor, delayMs: number, run: () => void): Due {
    this.#sequence += 1;
    const due = { time: this.now + delayMs, sequence: this.#sequence, actor, run, cancelled: false };
    this.#queue.push(due);
    return due;
  }

  sleep(actor: Actor, delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(actor, delayMs, resolve));
  }

  /** Runs events until `done` says so. False when the time or the number of events has run out first. */
  async drive(done: () => boolean, until: number, eventsMax: number): Promise<boolean> {
    while (!done()) {
      if (this.events > eventsMax) return false;
      const due = this.#queue.pop();
      if (!due || due.time > until) {
        if (due) this.#queue.push(due);
        this.now = Math.max(this.now, until);
        return false;
      }
      const { actor } = due;
      if (due.cancelled || !actor.alive) continue;
      if (actor.blockedUntil > due.time) {
        due.time = actor.blockedUntil;
        this.#queue.push(due);
        continue;
      }
      this.now = due.time;
      await this.#run(due);
    }
    return true;
  }

  async #run({ actor, run }: Due): Promise<void> {
    this.current = actor;
    this.events += 1;
    try {
      run();
    } catch (error) {
      this.caught(error);
    }
    await quiet();
    this.current = null;
  }

  /** An exception or a rejection that nobody handled: the end of a real process. */
  caught(error: unknown): void {
    if (error instanceof Killed || !this.current?.alive) return;
    this.onCrash(this.current, error);
  }
}

/** A binary heap: the earliest event first, of equal ones the one that was made first. */
class Queue {
  readonly #heap: Due[] = [];

  push(due: Due): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(due);
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = due;
  }

  pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

const isBefore = (one: Due, other: Due): boolean =>
  one.time < other.time || (one.time === other.time && one.sequence < other.sequence);
