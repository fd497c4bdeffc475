// The embedded log passes the contract of the log port, waiting for the disk and not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '../../../connectors/embedded-log/embedded-log.ts';
import { describeLog, type LogUnderTest } from '../../contract/log.ts';

async function open(fsync: boolean): Promise<LogUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  let log = await openEmbeddedLog({ directory, fsync });
  return {
    log,
    reopen: async () => {
      await log.close();
      log = await openEmbeddedLog({ directory, fsync });
      return log;
    },
    close: async () => {
      await log.close();
      rmSync(directory, { recursive: true });
    },
  };
}

describeLog('embedded', () => open(false));
describeLog('embedded with fsync', () => open(true));
