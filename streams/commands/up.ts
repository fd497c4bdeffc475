// `millrace up`: runs the configured streams until stopped.
import { once } from 'node:events';
import { startProbes } from '../../connectors/http-probes.ts';
import { Lagging } from '../lagging.ts';
import { startSystem } from '../system.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

export const up: Define = (program, context, action) => {
  program
    .command('up')
    .description('run the streams until Ctrl-C or SIGTERM')
    .option('--json', 'print one JSON object when the streams run; logs go to standard error in any case')
    .addHelpText(
      'after',
      `
Serves /metrics, /live and /ready on HTTP_PORT. On SIGTERM it finishes what is in hand, commits and leaves.

Examples:
  millrace up
  KAFKA_BROKERS=127.0.0.1:9092 CLICKHOUSE_URL=http://127.0.0.1:8123 millrace up
  MILLRACE_MODE=apart MILLRACE_STREAMS=inference KAFKA_BROKERS=127.0.0.1:9092 millrace up`,
    )
    .action(action((options: { readonly json?: boolean }) => run(context, options.json ?? false)));
};

async function run({ io, configuration, stack: open }: CommandContext, json: boolean): Promise<number> {
  const stack = await open();
  const { logger, metrics } = stack;
  let stopped: unknown = null;
  let starting = true;
  const lagging = new Lagging(stack);
  const probes = await startProbes({
    ...configuration.http,
    metrics,
    notReady: () => [
      ...(starting ? ['starting'] : []),
      ...(stopped ? [String(stopped)] : []),
      ...lagging.reasons,
    ],
    notLive: () => (stopped ? [String(stopped)] : []),
  });
  const system = await startSystem(stack, { driftByClock: true }).catch(async (error: unknown) => {
    await probes.close();
    throw error;
  });
  starting = false;
  lagging.start();
  const running = { streams: system.names, mode: configuration.mode, http: probes.url };
  logger.info(running, 'running; Ctrl-C stops');
  if (json) await io.stdout.write(jsonLine(running));
  const failure = await Promise.race([
    system.done.then(
      () => null,
      (error: unknown) => error,
    ),
    io.signal.aborted ? null : once(io.signal, 'abort').then(() => null),
  ]);
  stopped = failure;
  if (failure) logger.fatal({ err: failure }, 'a stream stopped');
  else logger.info('draining');
  lagging.stop();
  await system.close();
  await probes.close();
  if (failure) throw failure;
  return exitCodes.done;
}
