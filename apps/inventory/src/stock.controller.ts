import { Controller, Get } from '@nestjs/common';

import { Stock } from './stock.js';

@Controller('stock')
export class StockController {
  constructor(private readonly stock: Stock) {}

  @Get()
  overview(): ReturnType<Stock['overview']> {
    return this.stock.overview();
  }
}
