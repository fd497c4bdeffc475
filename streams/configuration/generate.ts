// `npm run generate`, second half: writes docs/configuration.md from the settings.
import { writeFileSync } from 'node:fs';
import { printReference } from './reference.ts';

writeFileSync(new URL('../../docs/configuration.md', import.meta.url), printReference());
