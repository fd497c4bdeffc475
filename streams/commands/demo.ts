// `millrace demo`: real samples through the whole system, then a minute of shifted traffic, then three questions.
import { once } from 'node:events';
import { playDemo } from '../demo/demo.ts';
import { showEvents, showProgress, showSummary, summaryJson } from '../demo/display.ts';
import { askAll } from '../demo/questions.ts';
import { openDoor, startFrontDoor } from '../door.ts';
import { startDriftJob } from '../drift-job.ts';
import type { Stack } from '../stack.ts';
import { type System, startSystem } from '../system.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
}

export const demo: Define = (program, context, action) => {
  program
    .command('demo')
    .description('play real samples through the whole system and query the result (what `npm start` runs)')
    .option('--once', 'exit after the summary instead of staying up for more input')
    .option('--json', 'print one JSON object instead of text')
    .addHelpText(
      'after',
      '\nA second start goes on where the first one stopped; nothing is stored twice.\n\nExamples:\n  npm start\n  npm start -- --once --json\n  KAFKA_BROKERS=127.0.0.1:9092 npm start -- --once',
    )
    .action(action((options: DemoOptions) => run(context, options)));
};

async function run(context: CommandContext, options: DemoOptions): Promise<number> {
  const { io } = context;
  const say = options.json ? async () => {} : (text: string) => io.stdout.write(text);
  await say('Opening log, schema registry, ClickHouse and models …\n');
  const stack = await context.stack();
  const system = await startSystem(stack, { driftByClock: false });
  try {
    const failed = system.done.then(() => new Promise<never>(() => {}));
    const result = await Promise.race([failed, playDemo(stack, showProgress(io, say), io.signal)]);
    if (io.signal.aborted) return exitCodes.interrupted;
    if (options.json) await io.stdout.write(jsonLine(summaryJson(result)));
    else
      await say(
        `${await showEvents(stack)}${await askAll(stack)}${showSummary(result, context.configuration)}`,
      );
    if (result.counts.lost > 0 || result.counts.duplicates > 0) return exitCodes.failed;
    if (!options.once) await stayUp(context, stack, system, say);
    return exitCodes.done;
  } finally {
    await system.close();
  }
}

async function stayUp(
  { io, configuration }: CommandContext,
  stack: Stack,
  system: System,
  say: (text: string) => Promise<void>,
) {
  const door = await startFrontDoor(stack, {
    access: await openDoor(configuration),
    notReady: () => system.reasons(),
  });
  door.open(system.models);
  const stopDrift = await startDriftJob(stack);
  await say(`
Staying up for more input; the HTTP door is described at ${door.url}/docs. In another terminal:
  curl -s ${door.url}/v1/analyze -H 'content-type: application/json' -d '{"text":"what a lovely day"}'
  echo "what a lovely day" | npx millrace publish comments --format text
  npx millrace tail scores
  npx millrace sql "SELECT intent, count() FROM scores GROUP BY 1 ORDER BY 2 DESC"
Ctrl-C stops.
`);
  try {
    if (!io.signal.aborted) await Promise.race([system.done, once(io.signal, 'abort')]);
  } finally {
    await stopDrift();
    await door.drain();
    await door.close();
  }
}
