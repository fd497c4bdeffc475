// What single routes cannot say: routes that contradict each other or the topics of Millrace.
import { topics } from '../../schemas/topics.ts';
import type { Check, Contradiction } from './checks.ts';
import type { RouteSettings } from './route-settings.ts';

const keys = ['routes'];

/** The first value that two routes share; undefined when each has its own. */
function sharedBy(
  routes: readonly RouteSettings[],
  of: (route: RouteSettings) => string,
): string | undefined {
  const seen = new Set<string>();
  return routes.map(of).find((value) => seen.size === seen.add(value).size);
}

/** The topics of a circle of routes, in their order; null where there is none. */
function circleIn(routes: readonly RouteSettings[]): readonly string[] | null {
  const follow = (topic: string, path: readonly string[]): readonly string[] | null => {
    const at = path.indexOf(topic);
    if (at >= 0) return [...path.slice(at), topic];
    for (const route of routes) {
      const found = route.from === topic ? follow(route.to, [...path, topic]) : null;
      if (found) return found;
    }
    return null;
  };
  for (const { from } of routes) {
    const circle = follow(from, []);
    if (circle) return circle;
  }
  return null;
}

export const routeChecks: readonly Check[] = [
  ({ routes, streams }) =>
    streams.includes('routes') &&
    routes.length === 0 && {
      keys: ['streams', 'routes'],
      what: 'routes are to run, but there are none',
      fix: 'Declare them in MILLRACE_ROUTES or under `routes:`, or take routes out of MILLRACE_STREAMS.',
    },
  ({ routes }): Contradiction | false => {
    const name = sharedBy(routes, (route) => route.name);
    if (name === undefined) return false;
    return { keys, what: `two routes are called ${name}`, fix: 'Give each a `name` of its own.' };
  },
  ({ routes }): Contradiction | false => {
    const group = sharedBy(routes, (route) => route.group);
    if (group === undefined) return false;
    const what = `two routes read in the group ${group}: each would miss what the other gets`;
    return { keys, what, fix: 'Give each a `group` of its own.' };
  },
  ({ routes }): Contradiction | false => {
    const taken = routes.find(({ to }) => topics.some((topic) => topic.name === to));
    if (!taken) return false;
    const what = `route ${taken.name} writes to ${taken.to}, a topic of Millrace whose messages are of another form`;
    return { keys, what, fix: 'Let it write to a topic of its own.' };
  },
  ({ routes }): Contradiction | false => {
    const circle = circleIn(routes);
    if (!circle) return false;
    const what = `routes feed each other in a circle: ${circle.join(' → ')}`;
    return { keys, what, fix: 'Let one of them write to another topic.' };
  },
];
