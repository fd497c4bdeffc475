// A trainer’s options as a person sets them: `epochs=4` on a command line, checked by the trainer’s own schema.
import { z } from 'zod';
import { Misconfigured } from '../schemas/errors.ts';
import type { Task, Training } from './task.ts';
import { type TrainerKind, trainers } from './trainers.ts';

/** One option of a trainer. */
export interface Option {
  readonly name: string;
  /** What it may be: `integer`, `number`, `boolean`, or the words it has to be one of. */
  readonly type: string;
  readonly default: unknown;
  readonly doc: string;
}

interface Property {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Property[];
  readonly default?: unknown;
  readonly description?: string;
}

/** The options of a kind of trainer, in the order of its schema. */
export function optionsOf(kind: TrainerKind): readonly Option[] {
  const { properties = {} } = z.toJSONSchema(trainers[kind].parameters, { io: 'input' });
  return Object.entries(properties as Readonly<Record<string, Property>>).map(([name, property]) => ({
    name,
    type: typeOf(property),
    default: property.default,
    doc: property.description ?? '',
  }));
}

function typeOf({ type, enum: words, const: word, anyOf }: Property): string {
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (words !== undefined) return words.join(' or ');
  return word === undefined ? (type ?? 'any') : String(word);
}

/**
 * The task with another kind of trainer (whose options then begin at their defaults), and with `name=value` settings.
 * Throws `Misconfigured` for options that the trainer does not have or values it refuses.
 */
export function tailored(task: Task, kind: TrainerKind | undefined, settings: readonly string[]): Task {
  const chosen = kind ?? task.training.kind;
  const base = chosen === task.training.kind ? task.training.parameters : {};
  const given = Object.fromEntries(settings.map((setting) => readSetting(setting, chosen)));
  const result = trainers[chosen].parameters.safeParse({ ...base, ...given });
  if (!result.success) {
    throw new Misconfigured(`the ${chosen} trainer refuses its options:\n${z.prettifyError(result.error)}`, {
      code: 'bad-training-option',
      fix: `See them with “millrace train ${task.task} --kind ${chosen} --show-options”.`,
    });
  }
  return { ...task, training: { kind: chosen, parameters: { ...base, ...given } } as Training };
}

/** Values are JSON where they can be read as such, otherwise words: `dropout=0.4`, `loss=focal`, `shares=[1,2]`. */
function readSetting(setting: string, kind: TrainerKind): readonly [name: string, value: unknown] {
  const at = setting.indexOf('=');
  const name = setting.slice(0, at).trim();
  const known = optionsOf(kind).map((option) => option.name);
  if (at < 1 || !known.includes(name)) {
    throw new Misconfigured(`“${setting}” sets no option of the ${kind} trainer`, {
      code: 'bad-training-option',
      fix: `Write name=value with one of ${known.join(', ')}.`,
    });
  }
  const text = setting.slice(at + 1).trim();
  try {
    return [name, JSON.parse(text)];
  } catch {
    return [name, text];
  }
}
