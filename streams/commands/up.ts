// `millrace up`: runs the configured streams until stopped.
import { once } from 'node:events';
import { openDoor, startFrontDoor } from '../door.ts';
import { startLagGauge } from '../loop/lag-gauge.ts';
import { type System, startSystem } from '../system.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

export const up: Define = (program, context, action) => {
  program
    .command('up')
    .description('run the streams until Ctrl-C or SIGTERM')
    .option('--json', 'print one JSON object when the streams run; logs go to standard error in any case')
    .addHelpText(
      'after',
      `
Answers requests (docs/http.md), /metrics, /live and /ready on HTTP_PORT. On SIGTERM it finishes what is in hand,
commits and leaves.

Examples:
  millrace up
  KAFKA_BROKERS=127.0.0.1:9092 CLICKHOUSE_URL=http://127.0.0.1:8123 millrace up
  MILLRACE_MODE=apart MILLRACE_STREAMS=inference KAFKA_BROKERS=127.0.0.1:9092 millrace up`,
    )
    .action(action((options: { readonly json?: boolean }) => run(context, options.json ?? false)));
};

async function run({ io, configuration, stack: open }: CommandContext, json: boolean): Promise<number> {
  const access = await openDoor(configuration);
  const stack = await open();
  const { logger } = stack;
  let stopped: unknown = null;
  let system: System | null = null;
  const door = await startFrontDoor(stack, {
    access,
    notReady: () => [...(stopped ? [String(stopped)] : []), ...(system?.reasons() ?? ['starting'])],
    notLive: () => (stopped ? [String(stopped)] : []),
  });
  const forRequests = configuration.http.requests === 'on';
  const running = await startSystem(stack, { driftByClock: true, forRequests }).catch(
    async (error: unknown) => {
      await door.close();
      throw error;
    },
  );
  system = running;
  door.open(running.models);
  const stopLagGauge = startLagGauge(stack);
  const about = { streams: running.names, mode: configuration.mode, http: door.url };
  logger.info(about, 'running; Ctrl-C stops');
  if (json) await io.stdout.write(jsonLine(about));
  const failure = await Promise.race([
    running.done.then(
      () => null,
      (error: unknown) => error,
    ),
    io.signal.aborted ? null : once(io.signal, 'abort').then(() => null),
  ]);
  stopped = failure;
  if (failure) logger.fatal({ err: failure }, 'a stream stopped');
  else logger.info('draining');
  stopLagGauge();
  // Requests first: they are answered by the models that the streams share.
  await door.drain();
  await running.close();
  await door.close();
  if (failure) throw failure;
  return exitCodes.done;
}
