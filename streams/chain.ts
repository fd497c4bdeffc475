// Joins processors: a batch goes from stage to stage in memory, and what each stage made goes to its topic.
import type { Addressed } from '../connectors/delivery.ts';
import type { Outcome, Process } from '../schemas/outcome.ts';
import type { Message } from '../schemas/topic.ts';

export interface Stage {
  /** The topic of what the stage makes. */
  readonly topic: string;
  // Stages of a chain hand on messages of different topics; what fits to what is settled where the chain is declared.
  readonly process: Process<never, Message>;
  /** Whether its outputs are published; inside a chain they need not be. */
  readonly published: boolean;
}

/** Tells how long a stage took over a batch. */
export type TimeStage = (stage: string, seconds: number) => void;

/** One processor out of several: outcome i tells of input i through all stages. */
export function chain<In>(stages: readonly Stage[], time: TimeStage): Process<In, Addressed> {
  return async (inputs) => {
    const journeys: Journey[] = inputs.map(() => ({ addressed: [], ended: null }));
    let carried: Carried[] = inputs.map((message, index) => ({ index, message }));
    for (const stage of stages) {
      const started = performance.now();
      carried = await pass(stage, carried, journeys);
      time(stage.topic, (performance.now() - started) / 1_000);
    }
    return journeys.map(({ addressed, ended }) => ended ?? { kind: 'ok', outputs: addressed });
  };
}

/** A message on its way, with the input it came from. */
interface Carried {
  readonly index: number;
  readonly message: unknown;
}

/** What became of one input so far. */
interface Journey {
  readonly addressed: Addressed[];
  ended: Outcome<never> | null;
}

async function pass(
  stage: Stage,
  carried: readonly Carried[],
  journeys: readonly Journey[],
): Promise<Carried[]> {
  if (carried.length === 0) return [];
  const outcomes = await stage.process(carried.map(({ message }) => message as never));
  const next: Carried[] = [];
  for (let position = 0; position < outcomes.length; position++) {
    const outcome = outcomes[position]!;
    const { index } = carried[position]!;
    const journey = journeys[index]!;
    if (outcome.kind !== 'ok') {
      journey.ended = outcome;
      continue;
    }
    for (const message of outcome.outputs) {
      if (stage.published) journey.addressed.push({ topic: stage.topic, message });
      next.push({ index, message });
    }
  }
  return next;
}
