// One round of one job in a process of its own: `node … round.ts <job> [records]` prints what it cost.
import { jobs } from './jobs.ts';

const [name = '', records] = process.argv.slice(2);
const job = jobs[name];
if (!job) throw new Error(`there is no job “${name}”`);
const cost = await job.run(records ? Number(records) : job.records);
process.stdout.write(`${JSON.stringify(cost)}\n`, () => process.exit(0));
