// Puts the virtual clock, chance and disk underneath the production code, which is not changed for it: the globals, and
// through the CommonJS exports `node:timers/promises` and `node:fs`. Outside a simulation everything is as ever.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { Clock, Due } from './clock.ts';
import { type Disk, diskCalls, isVirtual } from './disk.ts';
import type { Random } from './random.ts';

/** What production code stands on while a simulation runs. */
export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
}

let ground: Ground | null = null;
let installed = false;

/** The current simulation's ground, where one of its events runs. */
const here = (): Ground | null => (ground?.clock.current ? ground : null);

/** Runs `work` on virtual ground. */
export async function onGround<T>(virtual: Ground, work: () => Promise<T>): Promise<T> {
  install();
  ground = virtual;
  try {
    return await work();
  } finally {
    ground = null;
  }
}

/** What `setTimeout` and its siblings return. */
class VirtualTimer {
  due: Due;
  constructor(due: Due) {
    this.due = due;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** An immediate takes a moment, so that code which waits in turns sees time pass. */
const turnMs = 0.01;

function install(): void {
  if (installed) return;
  installed = true;
  replaceGlobals();
  replaceTimerPromises();
  replaceFiles();
  syncBuiltinESMExports();
  process.on('unhandledRejection', (error) => {
    if (!ground) throw error;
    ground.clock.caught(error);
  });
}

type Callback = (...args: unknown[]) => void;

function replaceGlobals(): void {
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
  const { random } = Math;
  const { now } = Date;
  const performanceNow = performance.now.bind(performance);
  const once = ({ clock }: Ground, delayMs: number, run: () => void): VirtualTimer =>
    new VirtualTimer(clock.after(clock.current!, delayMs, run));
  const clearing =
    (real: (handle: never) => void) =>
    (handle: unknown): void => {
      if (handle instanceof VirtualTimer) handle.due.cancelled = true;
      else real(handle as never);
    };
  Object.assign(globalThis, {
    setTimeout: Object.assign((run: Callback, ms: number, ...args: unknown[]): unknown => {
      const virtual = here();
      if (!virtual) return setTimeout(run, ms, ...args);
      return once(virtual, Math.max(1, ms || 0), () => run(...args));
    }, setTimeout),
    setInterval: (run: Callback, ms: number, ...args: unknown[]): unknown => {
      const virtual = here();
      if (!virtual) return setInterval(run, ms, ...args);
      const again = (): void => {
        timer.due = virtual.clock.after(virtual.clock.current!, ms, again);
        run(...args);
      };
      const timer = once(virtual, ms, again);
      return timer;
    },
    setImmediate: Object.assign((run: Callback, ...args: unknown[]): unknown => {
      const virtual = here();
      return virtual ? once(virtual, turnMs, () => run(...args)) : setImmediate(run, ...args);
    }, setImmediate),
    clearTimeout: clearing(clearTimeout),
    clearInterval: clearing(clearInterval),
    clearImmediate: clearing(clearImmediate),
  });
  Math.random = () => (here()?.random.next ?? random)();
  Date.now = () => Math.floor(here()?.clock.now ?? now());
  performance.now = () => here()?.clock.now ?? performanceNow();
}

function replaceTimerPromises(): void {
  const { setTimeout, setImmediate } = timers;
  Object.assign(timers, {
    setTimeout: (ms?: number, value?: unknown, options?: { readonly signal?: AbortSignal }) => {
      const virtual = here();
      if (!virtual) return setTimeout(ms, value, options);
      return sleep(virtual, Math.max(1, ms ?? 1), value, options?.signal);
    },
    setImmediate: (value?: unknown, options?: { readonly signal?: AbortSignal }) => {
      const virtual = here();
      return virtual ? sleep(virtual, turnMs, value, options?.signal) : setImmediate(value, options);
    },
  });
}

function sleep<T>({ clock }: Ground, delayMs: number, value: T, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      due.cancelled = true;
      reject(new DOMException('The operation was aborted', 'AbortError'));
    };
    const due = clock.after(clock.current!, delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Calls whose first argument is a virtual path or descriptor go to the virtual disk. */
function replaceFiles(): void {
  for (const name of diskCalls) {
    const real = fs[name] as (...args: unknown[]) => unknown;
    const call = (...args: unknown[]): unknown => {
      if (!ground || !isVirtual(args[0])) return real(...args);
      return (ground.disk[name] as (...args: unknown[]) => unknown).apply(ground.disk, args);
    };
    Object.assign(fs, { [name]: Object.assign(call, real) });
  }
}
