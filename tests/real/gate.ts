// A TCP gate before a real server: shut, it is as if the server were gone.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Gate {
  /** The server's address, led through the gate. */
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

export async function openGate(serverUrl: string): Promise<Gate> {
  const { hostname, port, protocol } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let passable = true;
  const server = createServer((inside) => {
    if (!passable) {
      inside.destroy();
      return;
    }
    const outside = connect(Number(port), hostname);
    for (const socket of [inside, outside]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        inside.destroy();
        outside.destroy();
      });
    }
    inside.pipe(outside).pipe(inside);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut() {
      passable = false;
      cut();
    },
    open() {
      passable = true;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
