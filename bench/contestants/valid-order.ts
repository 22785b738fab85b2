import { IsBoolean, IsIn, IsInt, IsNumber, IsString, Length, Min } from 'class-validator';

import type { Order } from '../payload.js';

/** The payload as an application would declare it: every property validated. */
export class ValidOrder implements Order {
  @IsInt()
  @Min(0)
  sequence!: number;

  @IsNumber()
  dueAt!: number;

  @IsString()
  orderId!: string;

  @IsString()
  customerId!: string;

  @IsIn(['placed', 'paid', 'shipped'])
  status!: string;

  @IsNumber()
  total!: number;

  @Length(3, 3)
  currency!: string;

  @IsBoolean()
  express!: boolean;

  @IsString()
  note!: string;
}
