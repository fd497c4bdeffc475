// Starts library-probe.ts in its process, compiled.
import { importCompiled } from '../../infra/compiled.mjs';

await importCompiled(new URL('./library-probe.ts', import.meta.url));
