// The HTTP door as the configuration wants it: who may come in, and what is done for them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Access, openAccess } from '../connectors/access/access.ts';
import type { Reasons } from '../connectors/http/probe-routes.ts';
import { startDoor } from '../connectors/http.ts';
import type { Configuration } from './configuration/configuration.ts';
import { requestParts } from './requests/requests.ts';
import type { Stack } from './stack.ts';
import type { ServingModels } from './system.ts';

/** Where the API keys are. */
export const keysFileOf = ({ http, dataDirectory }: Configuration): string =>
  http.keysFile ?? join(dataDirectory, 'keys.json');

/** Throws `Misconfigured` (`http-strangers`) when strangers could come and nothing tells them apart. */
export function openDoor(configuration: Configuration): Promise<Access> {
  const { host, open, jwksUrl, jwtIssuer, jwtAudience, jwtTenantClaim, ratePerSecond } = configuration.http;
  const tokens =
    jwksUrl === null || jwtIssuer === null || jwtAudience === null
      ? null
      : { jwksUrl, issuer: jwtIssuer, audience: jwtAudience, tenantClaim: jwtTenantClaim, ratePerSecond };
  return openAccess({ host, open, keysFile: keysFileOf(configuration), tokens, ratePerSecond });
}

/** A door with the system behind it. */
export interface FrontDoor {
  readonly url: string;
  /** Requests are answered from now on; before, they are told that the process starts. */
  open(models: ServingModels | null): void;
  /** Lets nobody in any more, finishes what runs and publishes what it made. The probes go on. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

interface FrontDoorOptions {
  readonly access: Access;
  readonly notReady: Reasons;
  readonly notLive?: Reasons;
}

/** Starts to listen. Throws `Misconfigured` when it cannot. */
export async function startFrontDoor(stack: Stack, options: FrontDoorOptions): Promise<FrontDoor> {
  const { configuration, logger, metrics } = stack;
  const { http } = configuration;
  const parts = requestParts(stack, await version());
  // The settings `open` and `requests` mean something else here.
  const { open: _, requests, ...listening } = http;
  const door = await startDoor({
    ...listening,
    ...options,
    metrics,
    logger,
    onTlsTrouble: (error) => logger.error({ err: error }, 'the certificate is not renewed'),
    ...(requests === 'off' ? {} : { requests: parts.door }),
  });
  return {
    url: door.url,
    open: (models) => parts.open(models),
    async drain() {
      await door.drain(http.drainDelayMs, http.drainMs);
      await parts.close(http.drainMs);
    },
    close: () => door.close(),
  };
}

async function version(): Promise<string> {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }).version;
}
