import { performance } from 'node:perf_hooks';

import { printable } from '@leanmq/core';
import { Logger } from '@nestjs/common';

import type { WebhookVerificationError } from '../verifying/index.js';

/** Anybody may send what is refused: a line for each would let them fill the log. */
const PAUSE_MS = 10_000;

/** Writes refusals to Nest's log: the first at once, then how many there were. */
export class RefusalLog {
  private readonly logger = new Logger('LeanMQ');
  private silentUntil = -Infinity;
  private unsaid = 0;

  constructor(private readonly where: string) {}

  add({ reason, message, explanation }: WebhookVerificationError): void {
    if (performance.now() < this.silentUntil) {
      this.unsaid += 1;
      return;
    }
    const more = this.unsaid === 0 ? '' : ` (and ${this.unsaid} more before)`;
    const why = explanation === undefined ? '' : ` ${explanation}`;
    this.logger.warn(
      printable(`${this.where} refused a webhook (${reason}): ${message}${why}${more}`),
    );
    this.silentUntil = performance.now() + PAUSE_MS;
    this.unsaid = 0;
  }
}
