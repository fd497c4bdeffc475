// `npm run generate`: writes schemas/generated/ from the declarations.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { printedFiles } from './files.ts';

const directory = new URL('../generated/', import.meta.url).pathname;
rmSync(directory, { recursive: true, force: true });
for (const [name, text] of printedFiles()) {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), text);
}
