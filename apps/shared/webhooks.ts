/**
 * The contracts of the three webhooks, validated where a message is sent and where it arrives.
 *
 * One file for all services, because they live in one repository: a changed field is then a compile
 * error in every service that reads it. Services in repositories of their own would each declare
 * what they read.
 */
import { IsIn, IsInt, IsNotEmpty, IsString, Max, Min } from 'class-validator';

export const ORDER_STATUSES = ['placed', 'shipped'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** `/order/status/`: what happened to an order. */
export class OrderStatusDto {
  @IsString()
  @IsNotEmpty()
  orderId!: string;

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

  @IsIn(ORDER_STATUSES)
  status!: OrderStatus;
}

/** `/inventory/update/`: goods left the house. */
export class InventoryUpdateDto {
  @IsString()
  @IsNotEmpty()
  orderId!: string;

  @IsString()
  @IsNotEmpty()
  productId!: string;

  @IsInt()
  quantityChange!: number;
}

/** `/notification/`: tell somebody. */
export class NotificationDto {
  @IsString()
  @IsNotEmpty()
  orderId!: string;

  @IsString()
  @IsNotEmpty()
  userId!: string;

  @IsIn(['order_shipped'])
  type!: 'order_shipped';
}
