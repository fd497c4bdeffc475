// Execution providers: what a session may run on, and what has to hold before two of them may run at once.

/** What ONNX Runtime computes on. */
export type Provider = 'cpu' | 'cuda' | 'tensorrt' | 'webgpu';

/** Where models run. It may be posted to a thread; all devices of a process share one turn. */
export interface Device {
  readonly provider: Provider;
  /** Shared libraries that the provider needs and that the system may not find by itself, in the order to load them. */
  readonly libraries: readonly string[];
  /** Taken for every run of a provider that must not run twice at once (see `Turn`). */
  readonly turn: SharedArrayBuffer;
}

/** What a session was opened on. Where that is not what was wanted, `why` says so. */
export interface Opened {
  readonly release: string;
  readonly wanted: Provider;
  readonly provider: Provider;
  readonly why: string | null;
}

// One for the whole process, made by the main thread and posted to the others.
const turnOfProcess = new SharedArrayBuffer(4);

/** A device of this process. */
export const deviceOf = (provider: Provider, libraries: readonly string[] = []): Device => ({
  provider,
  libraries,
  turn: turnOfProcess,
});

export const cpuDevice: Device = deviceOf('cpu');

/** No turn is waited for longer, in milliseconds: a device that hangs is an error, not silence. */
const turnMsMax = 60_000;
const free = 0;

/**
 * The right to run, among all threads of a process. ONNX Runtime’s WebGPU provider ends the process (SIGSEGV) when two
 * of its sessions run at once, whatever thread they are in (onnxruntime#32561; seen here with SwiftShader).
 * Waiting blocks the thread, as the run itself would.
 */
export class Turn {
  readonly #word: Int32Array;
  readonly #owner: number;
  /** Runs of one thread wait for each other here: a thread that blocked for itself would never go on. */
  #last: Promise<unknown> = Promise.resolve();

  /** `owner`: a number of the thread, 0 for the main one. */
  constructor(shared: SharedArrayBuffer, owner: number) {
    this.#word = new Int32Array(shared);
    this.#owner = owner + 1;
  }

  /** Runs when it is this caller’s turn. Throws when none comes in a minute, and what `run` throws. */
  take<Value>(run: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(async () => {
      this.#wait();
      try {
        return await run();
      } finally {
        this.giveBack();
      }
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  #wait(): void {
    for (;;) {
      const owner = Atomics.compareExchange(this.#word, 0, free, this.#owner);
      if (owner === free) return;
      if (Atomics.wait(this.#word, 0, owner, turnMsMax) === 'timed-out')
        throw new Error(`the device was not free within ${turnMsMax / 1_000} s`);
    }
  }

  /** Frees the device if this owner has it. */
  giveBack(): void {
    if (Atomics.compareExchange(this.#word, 0, this.#owner, free) === this.#owner)
      Atomics.notify(this.#word, 0);
  }
}

/** Frees the device of a thread that has ended, perhaps in the middle of a run. */
export const freeTurnOf = (threadId: number): void => new Turn(turnOfProcess, threadId).giveBack();
