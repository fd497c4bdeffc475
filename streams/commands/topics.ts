// `millrace topics` and `millrace lag`: what the log holds, and how far its readers are.
import { topics as declared } from '../../schemas/topics.ts';
import { type LagRow, lagOfGroups } from '../lag.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';

export const topics: Define = (program, context, action) => {
  program
    .command('topics')
    .description('list the topics: partitions, records, what they carry')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace topics --json | jq ".[].records"')
    .action(
      action((options: { readonly json?: boolean }) =>
        whereOpen(context, context.io, () => listTopics(context, options.json ?? false)),
      ),
    );
};

export const lag: Define = (program, context, action) => {
  program
    .command('lag')
    .description('list how many records each consumer group still has to read')
    .option('--json', 'print JSON')
    .option('--partitions', 'one row for each partition')
    .addHelpText('after', '\nExample:\n  millrace lag\n  millrace lag --json | jq "map(.lag) | add"')
    .action(
      action((options: { readonly json?: boolean; readonly partitions?: boolean }) =>
        whereOpen(context, context.io, () => listLag(context, options)),
      ),
    );
};

async function listTopics({ io, stack }: CommandContext, json: boolean): Promise<number> {
  const ranges = await (await stack()).log.ranges();
  const names = [...new Set(ranges.map(({ topic }) => topic))].sort();
  const rows = names.map((name) => {
    const partitions = ranges.filter(({ topic }) => topic === name);
    return {
      topic: name,
      partitions: partitions.length,
      records: partitions.reduce((sum, { start, end }) => sum + end - start, 0),
      carries: declared.find((topic) => topic.name === name)?.title ?? null,
    };
  });
  await io.stdout.write(json ? jsonLine(rows) : table(rows));
  return exitCodes.done;
}

async function listLag(
  { io, stack }: CommandContext,
  options: { readonly json?: boolean; readonly partitions?: boolean },
): Promise<number> {
  const rows = await lagOfGroups((await stack()).log);
  const shown = options.partitions ? rows : byTopic(rows);
  await io.stdout.write(options.json ? jsonLine(shown) : table(shown));
  return exitCodes.done;
}

/** Sums the partitions of each group and topic; rows of one topic stand together. */
function byTopic(rows: readonly LagRow[]) {
  const sums: { group: string; topic: string; lag: number }[] = [];
  for (const { group, topic, lag } of rows) {
    const last = sums.at(-1);
    if (last?.group === group && last.topic === topic) last.lag += lag;
    else sums.push({ group, topic, lag });
  }
  return sums;
}
