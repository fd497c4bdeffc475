// The doors as the configuration wants them: who may come in.
import { join } from 'node:path';
import { type Access, openAccess } from '../connectors/access/access.ts';
import type { Configuration } from './configuration/configuration.ts';

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
