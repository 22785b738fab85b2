import { Controller, Get } from '@nestjs/common';

import { MailProvider, type Mail } from './mail-provider.js';

@Controller('mails')
export class MailsController {
  constructor(private readonly provider: MailProvider) {}

  @Get()
  latest(): readonly Mail[] {
    return this.provider.latest;
  }
}
