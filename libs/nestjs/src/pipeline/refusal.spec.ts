import { InvalidDeliveryError, RejectError } from '@leanmq/core';
import { describe, expect, test } from '@jest/globals';
import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  RequestTimeoutException,
  UnauthorizedException,
  UnprocessableEntityException,
} from '@nestjs/common';

import { asRefusal } from './refusal.js';

describe('asRefusal', () => {
  test.each([
    new UnauthorizedException('who?'),
    new ForbiddenException('no'),
    new NotFoundException('where?'),
    new HttpException('gone', 410),
  ])('a client error is a refusal: %s', (error) => {
    const refusal = asRefusal(error);
    expect(refusal).toBeInstanceOf(RejectError);
    expect(refusal).toMatchObject({ message: error.message, cause: error });
  });

  test.each<[HttpException, string[]]>([
    [new BadRequestException(['a is wrong', 'b is wrong']), ['a is wrong', 'b is wrong']],
    [new BadRequestException('a number is needed'), ['a number is needed']],
    [new UnprocessableEntityException(['a is wrong']), ['a is wrong']],
    [new HttpException('plain', 400), ['plain']],
    [new HttpException({ errors: { a: 'wrong' } }, 400), ['Http Exception']],
  ])('what a validating pipe throws is an invalid delivery: %s', (error, violations) => {
    const refusal = asRefusal(error);
    expect(refusal).toBeInstanceOf(InvalidDeliveryError);
    expect(refusal).toMatchObject({ violations, cause: error });
  });

  test.each([
    new RequestTimeoutException(),
    new HttpException('too early', 425),
    new HttpException('too many', 429),
    new InternalServerErrorException(),
    new HttpException('moved', 301),
    new Error('anything else'),
    'not even an error',
  ])('everything else stays what it is, and is retried: %s', (error) => {
    expect(asRefusal(error)).toBe(error);
  });
});
