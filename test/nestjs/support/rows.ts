import { IsInt, IsString } from 'class-validator';

/** Payload of each message in a batch. */
export class RowDto {
  @IsString()
  sku!: string;

  @IsInt()
  count!: number;

  get label(): string {
    return `${this.count} x ${this.sku}`;
  }
}

export const row = (sku: unknown, count: unknown = 1) => ({ sku, count });
