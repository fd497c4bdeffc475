// Starts fit-process.ts in its process, compiled.
import { importCompiled } from '../../infra/compiled.mjs';

await importCompiled(new URL('./fit-process.ts', import.meta.url));
