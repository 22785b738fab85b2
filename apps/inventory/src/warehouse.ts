import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';

import { Faults } from '../../shared/demo/faults.js';

const ROUND_TRIP_MS = 5;

/** Stands for the warehouse's own system, which is somewhere else and not always there. */
@Injectable()
export class Warehouse {
  constructor(private readonly faults: Faults) {}

  /** @throws if the warehouse does not answer */
  async book(orderId: string): Promise<void> {
    await this.faults.strike('warehouse', orderId);
    await sleep(ROUND_TRIP_MS);
  }
}
