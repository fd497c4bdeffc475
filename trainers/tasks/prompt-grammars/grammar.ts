// What a grammar of written prompts is made of.

/** `{name}` in a pattern is replaced by one of the parts of that name. */
export interface Grammar {
  readonly label: string;
  readonly patterns: readonly string[];
  readonly parts: Readonly<Record<string, readonly string[]>>;
}
