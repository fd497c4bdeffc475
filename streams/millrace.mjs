#!/usr/bin/env node
// `npx millrace`: the command line, compiled.
import { importCompiled } from '../infra/compiled.mjs';

await importCompiled(new URL('./cli.ts', import.meta.url));
