import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, Min } from 'class-validator';

import { ORDER_STATUSES, type OrderStatus } from '../../shared/webhooks.js';

/** The body of `POST /orders`. */
export class CreateOrderDto {
  /** Chosen by the client, so that it can safely send the same order again. */
  @IsOptional()
  @Matches(/^[A-Za-z0-9-]{1,64}$/)
  orderId?: string;

  @IsString()
  @IsNotEmpty()
  userId!: string;

  @IsString()
  @IsNotEmpty()
  productId!: string;

  @IsInt()
  @Min(1)
  @Max(1_000)
  quantity!: number;

  @IsOptional()
  @IsIn(ORDER_STATUSES)
  status?: OrderStatus;
}
