// GET /v1/stream: scores or alerts as they come, as server-sent events, with filters and resumption.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Message } from '../../schemas/topic.ts';
import { callerOf } from './admission.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';
import { HttpProblem } from './problem.ts';
import { type Listenable, type StreamQuery, streamQuerySchema, wantedBy } from './stream-filter.ts';
import type { Happening, Place, TopicFeed } from './topic-feed.ts';

export interface StreamRouteOptions extends EventStreamOptions {
  readonly feedOf: (topic: Listenable) => TopicFeed;
  readonly clientsMax: number;
  readonly clients: { set(labels: object, count: number): void };
  readonly isDraining: () => boolean;
}

/** Adds the route; what it returns ends every stream. */
export function addStreamRoute(app: FastifyInstance, options: StreamRouteOptions): (reason: string) => void {
  const open = new Set<EventStream>();
  const listeners = new Map<TopicFeed, number>();
  const count = (feed: TopicFeed, change: number): void => {
    const left = (listeners.get(feed) ?? 0) + change;
    listeners.set(feed, left);
    if (left === 0) feed.stop();
  };
  const schema = {
    tags: ['scores'],
    summary: 'Scores or alerts as they come: server-sent events',
    description:
      'Each event has an id; a client that comes back with it in `Last-Event-ID` misses nothing that the log still has.',
    querystring: streamQuerySchema,
    produces: ['text/event-stream'],
  };
  const config = { lasting: true };
  app.get('/v1/stream', { schema, config, exposeHeadRoute: false }, async (request, reply) => {
    const query = request.query as StreamQuery;
    const isWanted = wantedBy(query, callerOf(request));
    const from = resumedFrom(request, query);
    if (open.size >= options.clientsMax) throw tooMany(options.clientsMax);
    const feed = options.feedOf(query.topic ?? 'scores');
    count(feed, 1);
    try {
      await feed.start();
    } catch (error) {
      count(feed, -1);
      throw error;
    }
    if (options.isDraining() || reply.raw.destroyed) {
      count(feed, -1);
      throw new HttpProblem(503, 'draining', 'This process is about to end.', { retryAfterSeconds: 1 });
    }
    reply.hijack();
    const stream = new EventStream(reply.raw, reply.getHeaders(), options);
    open.add(stream);
    options.clients.set({}, open.size);
    const leave = follow(feed, stream, { isWanted, from, name: query.topic ?? 'scores' });
    reply.raw.once('close', () => {
      leave();
      count(feed, -1);
      open.delete(stream);
      options.clients.set({}, open.size);
    });
  });
  return (reason) => {
    for (const stream of open) stream.end('closing', reason);
  };
}

interface Following {
  readonly isWanted: (message: Message) => boolean;
  /** Null: from now on. */
  readonly from: Place | null;
  readonly name: string;
}

/** Leads a feed into a stream, the past first; what it returns ends that. */
function follow(feed: TopicFeed, stream: EventStream, { isWanted, from, name }: Following): () => void {
  let leave = (): void => {};
  const event = name === 'alerts' ? 'alert' : 'score';
  const happened = ({ message, json, next }: Happening): void => {
    if (isWanted(message)) stream.send(event, { id: next.join('.'), data: json });
  };
  const failed = (): void =>
    stream.end('failed', 'The topic cannot be read now. Come back with the last id.');
  const catchUp = async (): Promise<void> => {
    for (let at = from ?? feed.place; !feed.isAt(at); ) {
      const to = feed.place;
      for await (const happening of feed.between(at, to)) {
        happened(happening);
        await stream.keptUp();
        if (!stream.isOpen) return;
      }
      at = to;
    }
    // Nothing can happen between the last look at the place and this: there is no wait between them.
    if (stream.isOpen) leave = feed.listen({ happened, failed });
  };
  catchUp().catch(failed);
  return () => leave();
}

/** Where a listener was: offsets by partition, as in the ids of events. */
function resumedFrom({ headers }: FastifyRequest, { lastEventId }: StreamQuery): Place | null {
  const given = headers['last-event-id'] ?? lastEventId;
  if (given === undefined || given === '') return null;
  if (typeof given === 'string' && /^\d{1,16}(\.\d{1,16}){0,1023}$/.test(given))
    return given.split('.').map(Number);
  throw new HttpProblem(422, 'last-event-id', 'This Last-Event-ID is none of this server’s.');
}

const tooMany = (clientsMax: number): HttpProblem =>
  new HttpProblem(503, 'stream-clients', `There are ${clientsMax} listeners already.`, {
    retryAfterSeconds: 5,
  });
