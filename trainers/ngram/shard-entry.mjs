// Starts shard-worker.ts in its thread: tsx's hooks do not reach threads by themselves, and are registered here.
import { register } from 'tsx/esm/api';

register();
await import('./shard-worker.ts');
