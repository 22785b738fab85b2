import { Injectable, type CanActivate } from '@nestjs/common';

/** A guard that lets nothing pass. */
@Injectable()
export class Deny implements CanActivate {
  canActivate() {
    return false;
  }
}
