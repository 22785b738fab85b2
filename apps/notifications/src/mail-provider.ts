import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';

import { Faults } from '../../shared/demo/faults.js';

export interface Mail {
  readonly orderId: string;
  readonly userId: string;
  readonly text: string;
}

const ROUND_TRIP_MS = 5;
const KEPT = 20;

/** Stands for somebody who sends mails; keeps the last ones to look at. */
@Injectable()
export class MailProvider {
  private readonly sent: Mail[] = [];

  constructor(private readonly faults: Faults) {}

  /** @throws if the provider does not answer */
  async send(mail: Mail): Promise<void> {
    await this.faults.strike('mail provider', mail.orderId);
    await sleep(ROUND_TRIP_MS);
    this.sent.push(mail);
    if (this.sent.length > KEPT) this.sent.shift();
  }

  /** The newest last. */
  get latest(): readonly Mail[] {
    return this.sent;
  }
}
