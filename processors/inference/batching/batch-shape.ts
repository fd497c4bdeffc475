// The shape of a batch while it is filled: how many inputs may join before padding costs more than it saves.

/** How large a batch may become. */
export interface ShapeLimits {
  /** Tokens with padding; a single input may have more. */
  readonly tokensMax: number;
  /** Tokens of padding that are cheaper than a further run. */
  readonly paddingMax: number;
  /** Tokens that cost as much as a run itself. */
  readonly runTokens: number;
}

/** Tokens of a batch, padding counted, are at most so many times those of its inputs. */
export const paddingFactorMax = 1.5;
/** Share of a full batch that may be padding even where a run itself costs nothing, and however much it costs. */
const paddingShareMin = 0.02;
const paddingShareMax = 0.15;

/** Limits of a batch of so many tokens, where a run itself costs as much as `unitsPerRun` tokens. */
export const shapeLimits = (tokensMax: number, unitsPerRun: number): ShapeLimits => ({
  tokensMax,
  runTokens: unitsPerRun,
  paddingMax: Math.max(paddingShareMin * tokensMax, Math.min(unitsPerRun, paddingShareMax * tokensMax)),
});

export class BatchShape {
  rows = 0;
  width = 0;
  /** Without padding. */
  tokens = 0;
  readonly #limits: ShapeLimits;

  constructor(limits: ShapeLimits) {
    this.#limits = limits;
  }

  /** With padding. */
  get padded(): number {
    return this.rows * this.width;
  }

  /** Tokens, padding counted, once an input of this length had joined. */
  paddedWith(length: number): number {
    return (this.rows + 1) * Math.max(this.width, length);
  }

  /** Whether an input of this length may join. The first one always may. */
  accepts(length: number): boolean {
    if (this.rows === 0) return true;
    const { runTokens } = this.#limits;
    const padded = this.paddedWith(length);
    const tokens = this.tokens + length;
    return (
      padded <= this.#limits.tokensMax &&
      padded - tokens <= this.#limits.paddingMax &&
      padded + runTokens <= paddingFactorMax * (tokens + runTokens)
    );
  }

  add(length: number): void {
    this.rows++;
    this.width = Math.max(this.width, length, 1);
    this.tokens += length;
  }
}
