// The network between actors: requests with answers, and messages one way. A lane is a connection: what is sent on it
// arrives in order. Requests are lost, answers are lost, connections stand still, and whoever waits too long is told
// `Retryable`, as clients of Kafka and ClickHouse tell it.
import { Retryable } from '../../schemas/errors.ts';
import type { Actor, Clock } from './clock.ts';
import type { Climate, Tally } from './faults.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';

/** How long a client waits for an answer, in milliseconds. */
const requestTimeoutMs = 2_000;

/** A world as its network sees it. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly tally: Tally;
  readonly climate: () => Climate;
  readonly kill: (actor: Actor, why: string) => void;
}

export interface Call<T> {
  readonly from: Actor;
  /** Null when nobody listens. */
  readonly to: Actor | null;
  /** Requests of one lane of one client are applied in order; null for a connection of its own. */
  readonly lane: string | null;
  readonly what: string;
  readonly timeoutMs?: number;
  /** Done in an event of `to`. `request.abandoned` tells that the client waits no longer. */
  readonly apply: (request: { readonly abandoned: boolean }) => Promise<T>;
}

export class Network {
  readonly #world: Surroundings;
  /** When the last thing sent on a lane arrives. */
  readonly #arrivals = new Map<string, number>();

  constructor(world: Surroundings) {
    this.#world = world;
  }

  /** One way, in order, never lost unless an end dies. */
  push(from: Actor, to: Actor, run: () => void): void {
    this.#world.clock.after(to, this.#delay(`${from.name}>${to.name}`, 5), run);
  }

  call<T>(call: Call<T>): Promise<T> {
    const { clock, random, tally, climate } = this.#world;
    const { from, to, what } = call;
    this.#hop(call, 'before sending', from);
    return new Promise<T>((resolve, reject) => {
      const request = { abandoned: false };
      const giveUp = (): void => {
        request.abandoned = true;
        this.#note(from, `${what} timed out`);
        reject(new Retryable(`${what}: no answer`, { code: 'timeout' }));
      };
      const timeout = clock.after(from, call.timeoutMs ?? requestTimeoutMs, giveUp);
      const answer = (settle: () => void): void => {
        timeout.cancelled = true;
        settle();
      };
      if (!to?.alive) {
        clock.after(from, random.between(0.5, 20), () =>
          answer(() => reject(new Retryable(`${what}: nobody listens`, { code: 'unreachable' }))),
        );
        return;
      }
      if (random.chance(climate().lostRequests)) {
        tally.add(`request lost: ${kindOf(what)}`);
        return;
      }
      const lane = call.lane === null ? null : `${from.name}/${call.lane}>${to.name}`;
      clock.after(to, this.#delay(lane, 10), () => {
        this.#hop(call, 'on arrival', to);
        if (!to.alive) return;
        this.#note(to, `${what} of ${from.name}`);
        call.apply(request).then(
          (value) => this.#answer(call, request, () => answer(() => resolve(value))),
          (error) => this.#answer(call, request, () => answer(() => reject(error)), error),
        );
      });
    });
  }

  #answer(
    call: Call<unknown>,
    request: { readonly abandoned: boolean },
    settle: () => void,
    error?: unknown,
  ): void {
    const { random, tally, climate, clock } = this.#world;
    const { from, to, what } = call;
    if (error instanceof Error) this.#note(to!, `${what} of ${from.name} → ${error.name}: ${error.message}`);
    else if (request.abandoned) tally.add(`timeout, then applied: ${kindOf(what)}`);
    this.#hop(call, 'after applying', to!);
    if (!to!.alive) return;
    if (random.chance(climate().lostAnswers)) {
      if (!error) tally.add(`applied, answer lost: ${kindOf(what)}`);
      return;
    }
    clock.after(from, this.#delay(null, 10), () => {
      if (request.abandoned) return;
      this.#note(from, `answered: ${what}`);
      settle();
    });
  }

  /** Delay until something sent on the lane arrives. */
  #delay(lane: string | null, delayMaxMs: number): number {
    const { clock, random, tally, climate } = this.#world;
    let delay = random.skewed(0.1, delayMaxMs);
    if (random.chance(climate().stalls)) {
      delay += random.between(100, 6_000);
      tally.add('connection stalled');
    }
    if (lane === null) return delay;
    const arrival = Math.max(clock.now + delay, (this.#arrivals.get(lane) ?? 0) + 0.001);
    this.#arrivals.set(lane, arrival);
    return arrival - clock.now;
  }

  #hop({ what }: Call<unknown>, when: string, actor: Actor): void {
    const { random, climate, kill, tally } = this.#world;
    if (!random.chance(climate().deathsAtHops)) return;
    tally.add(`death ${when}: ${kindOf(what)}`);
    kill(actor, `${when}: ${what}`);
  }

  #note(who: Actor, what: string): void {
    this.#world.trace.note(this.#world.clock.now, who.name, what);
  }
}

/** `commit of inputs/0 to 7` → `commit`. */
const kindOf = (what: string): string => what.split(' ', 1)[0]!;
