// What the player does besides playing: it brings the bad candidate, and knows when everything was shown.
import type { TaskState } from '../../processors/experiments/task-state.ts';
import { badVersion, championVersion, task } from './champion.ts';

/** The first champion, and the candidate that is bad on purpose. */
export const champion = `${task}@${championVersion}`;
export const bad = `${task}@${badVersion}`;

/** As a person would bring it. */
export const bringBad: readonly string[] = [
  ...['experiment', 'start', task, '--treatment', bad, '--skip-shadow'],
  ...['--owner', 'loop', '--hypothesis', 'exchanged labels do no harm'],
];

/** When it is brought, once no other is tried: so many periods after a promotion, at the latest so many before the end. */
interface BadCandidate {
  readonly afterPromotion: number;
  readonly beforeEnd: number;
}

export interface ScriptOptions {
  readonly bad: BadCandidate;
  /** Over a period after the bad candidate has gone; otherwise the whole stream is played. */
  readonly endsEarly: boolean;
}

/** When the bad candidate is brought, and when the play is over. */
export class Script {
  readonly #options: ScriptOptions;
  #promotedAt: number | null = null;
  #broughtAt: number | null = null;
  #goneAt: number | null = null;

  constructor(options: ScriptOptions) {
    this.#options = options;
  }

  get isBadBrought(): boolean {
    return this.#broughtAt !== null;
  }

  /** Asked once before every period. */
  bringsBad(at: number, { serving, experiments, candidate }: TaskState, periods: number): boolean {
    const { afterPromotion, beforeEnd } = this.#options.bad;
    if (serving !== null && serving.release !== champion) this.#promotedAt ??= at;
    if (this.isBadBrought || experiments.length > 0 || candidate !== null) return false;
    const isProven = this.#promotedAt !== null && at >= this.#promotedAt + afterPromotion;
    if (!isProven && at < periods - beforeEnd) return false;
    this.#broughtAt = at;
    return true;
  }

  isOver(at: number, { experiments }: TaskState): boolean {
    const isTried = experiments.some(({ treatment }) => treatment === bad);
    if (this.#broughtAt !== null && at > this.#broughtAt && !isTried) this.#goneAt ??= at;
    return this.#options.endsEarly && this.#goneAt !== null && at > this.#goneAt;
  }
}
