import { Body, Controller, Delete, HttpCode, Put, ValidationPipe } from '@nestjs/common';

import { Fault, Faults } from './faults.js';

@Controller('faults')
export class FaultsController {
  constructor(private readonly faults: Faults) {}

  @Put()
  @HttpCode(204)
  switchOn(@Body(new ValidationPipe({ whitelist: true, transform: true })) fault: Fault): void {
    this.faults.switchOn(fault);
  }

  @Delete()
  @HttpCode(204)
  switchOff(): void {
    this.faults.switchOff();
  }
}
