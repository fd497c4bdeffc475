/** Imports a TypeScript module of this repository, compiled. Throws where it does not compile, or the cache cannot be written. */
export function importCompiled(entry: URL): Promise<unknown>;

/** The program that runs another: `node <compiler> <program.ts> [argument…]`. */
export const compiler: string;

/** Compiles several programs at once, which share what they have in common. Returns where each of them is, in their order. */
export function compileTogether(files: readonly string[]): Promise<readonly string[]>;
