// Routes as people write them: “read this topic, ask this task, write that topic”.
import { z } from 'zod';
import type { Kind } from './setting.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'small letters, digits and dashes');
/** What Kafka accepts. */
const topicName = z.string().regex(/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/, 'no name of a topic');
const groupName = z.string().min(1).max(255);
const fieldName = z.string().min(1).max(256);

const routeSchema = z
  .strictObject({
    name: name.optional(),
    from: topicName,
    task: z.string().regex(/^[a-z][a-z0-9-]*$/, 'no name of a task'),
    to: topicName,
    group: groupName.optional(),
    text: fieldName.default('text'),
    id: fieldName.default('id'),
    label: z.enum(['name', 'index']).default('name'),
    latency: z.enum(['throughput', 'balanced', 'low']).default('balanced'),
  })
  .transform((route) => {
    const called = route.name ?? route.task;
    return { ...route, name: called, group: route.group ?? `millrace-route-${called}` };
  });

/** One route, with all that follows from what was written. */
export type RouteSettings = Readonly<z.infer<typeof routeSchema>>;

const words =
  'name, from, task, to, group, text, id, label (name or index), latency (throughput, balanced or low)';

/** `from=reviews task=toxicity to=verdicts; from=…` in a variable, a list of mappings in YAML. */
export const routeList: Kind<readonly RouteSettings[]> = {
  wanted: `routes, each with from, task and to, of ${words}`,
  schema: z.array(routeSchema),
  fromText: (given) => {
    const routes = given.split(';').filter((part) => part.trim() !== '');
    return routes.map((route) => Object.fromEntries(route.trim().split(/\s+/).map(pairOf)));
  },
  emptyIsNone: true,
  explains: true,
};

function pairOf(word: string): readonly [string, string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}
