// Starts worker.ts in its thread, compiled.
import { importCompiled } from '../../infra/compiled.mjs';

await importCompiled(new URL('./worker.ts', import.meta.url));
