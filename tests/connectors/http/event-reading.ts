// A client of /v1/stream: events one after the other.

export interface ReadEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventReading {
  readonly response: Response;
  /** The next event; null at the end of the stream. Comments are counted, not returned. */
  next(): Promise<ReadEvent | null>;
  readonly comments: readonly string[];
  close(): void;
}

/** Connects and waits until the server listens for it: what happens then is not missed. */
export async function readEvents(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReading> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  const comments: string[] = [];
  const blocks = blocksOf(response, comments);
  return {
    response,
    comments,
    async next() {
      const { value, done } = await blocks.next();
      return done ? null : value;
    },
    close: () => abort.abort(),
  };
}

async function* blocksOf(response: Response, comments: string[]): AsyncGenerator<ReadEvent> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith(':')) comments.push(block.slice(2));
      else yield eventIn(block);
    }
  }
}

function eventIn(block: string): ReadEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { event: fields.get('event')!, id: fields.get('id'), data: JSON.parse(fields.get('data')!) };
}
