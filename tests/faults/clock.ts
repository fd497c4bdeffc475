// A clock that jumps: `Date` of this process, moved while it runs. `performance.now()` stays, as it does when a
// machine's clock is set.
const realNow = Date.now;
const RealDate = Date;
let shiftMs = 0;

class ShiftedDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(realNow() + shiftMs);
    else super(args[0]);
  }
  static override now(): number {
    return realNow() + shiftMs;
  }
}

/** Moves this process's clock so many milliseconds from the machine's. */
export function setClock(byMs: number): void {
  shiftMs = byMs;
  globalThis.Date = ShiftedDate as DateConstructor;
  // Who took `Date.now` before sees the jump too.
  RealDate.now = ShiftedDate.now;
}
