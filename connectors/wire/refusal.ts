// Why a record is not a message: a value, because one bad record is no reason to stop a batch.
import type { DeadLetterCode } from '../../schemas/dead-letter.ts';

export class Refusal {
  readonly code: DeadLetterCode;
  readonly reason: string;
  constructor(code: DeadLetterCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}
