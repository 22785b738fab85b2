import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** A {@link Fault} as a client writes it. */
export type FaultSpec = Readonly<Pick<Fault, keyof Fault>>;

/** Something that goes wrong outside the service: in its warehouse, at its mail provider. */
export class Fault {
  /** `fails`: calls throw. `slow`: calls take `ms`. */
  @IsIn(['fails', 'slow'])
  kind!: 'fails' | 'slow';

  /** Only calls for this order; all without it. */
  @IsOptional()
  @IsString()
  orderId?: string;

  /** Number of calls that fail; when absent, all calls fail until the fault is switched off. */
  @IsOptional()
  @IsInt()
  @Min(1)
  times?: number;

  /** Duration of a slow call, in ms. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(60_000)
  ms?: number;
}

/** The switch that the story breaks things with. */
@Injectable()
export class Faults {
  private current: Fault | undefined;
  private left = 0;

  switchOn(fault: Fault): void {
    this.current = fault;
    this.left = fault.times ?? Infinity;
  }

  switchOff(): void {
    this.current = undefined;
  }

  /** Called by what stands for the outside world; throws or waits if it is broken. */
  async strike(system: string, orderId: string): Promise<void> {
    const fault = this.current;
    if (fault === undefined || (fault.orderId ?? orderId) !== orderId) return;
    if (fault.kind === 'slow') return sleep(fault.ms ?? 1_000);
    if (this.left === 0) return;
    this.left -= 1;
    throw new Error(`The ${system} does not answer.`);
  }
}
