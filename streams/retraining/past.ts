// When something was, by clocks that may be ahead: what lies after now counts as the moment when it was first seen.

export class Past {
  readonly #seen = new Map<string, number>();

  /** A time of a task’s, at most the moment when this process first saw it; ms since 1970. */
  at(task: string, time: number, now: number): number {
    if (time <= now) return time;
    const key = `${task}/${time}`;
    const seen = this.#seen.get(key) ?? now;
    this.#seen.set(key, seen);
    return seen;
  }
}
