import { describe, expect, test } from '@jest/globals';

import { maskedMessage } from './masked-message.js';

describe('a masked message', () => {
  test.each([
    ['order 17: upstream answered 503', 'order #: upstream answered 503'],
    ['order 404: upstream answered 429', 'order #: upstream answered 429'],
    ['Request failed with status code 503', 'Request failed with status code 503'],
    ['HTTP 429 for order 500', 'HTTP 429 for order #'],
    ['503 Service Unavailable', '503 Service Unavailable'],
    ['payment 12 was refused: 402 Payment Required', 'payment # was refused: 402 Payment Required'],
    ['Response code 503 (Service Unavailable)', 'Response code 503 (Service Unavailable)'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED #'],
    ['SQLSTATE 23505: duplicate key', 'SQLSTATE 23505: duplicate key'],
    ['ORA-00942: table does not exist', 'ORA-00942: table does not exist'],
    ['user 6f1b8f3e-0a62-4a1c-9d58-9a4d8c1f7a11 is gone', 'user # is gone'],
    ['key 507f1f77bcf86cd799439011, deadbeefcafe', 'key #'],
    [
      'ord_8fK2xQ failed after 12.5 s',
      'ord_8fK2xQ failed after 12.5 s'.replace(/ord\S+|12.5/g, '#'),
    ],
    [`Cannot read "name" of 'it', don't`, `Cannot read "…" of "…", don't`],
    ['no mail to ann.b@example.org', 'no mail to #'],
    ['took 1, 2, 3', 'took #'],
    ['a  b\n c', 'a b c'],
    ['', ''],
  ])('of %j is %j', (message, expected) => {
    expect(maskedMessage(message)).toBe(expected);
  });

  test('is short, and quick to make from any text', () => {
    const startedAt = performance.now();
    for (const part of ['a', '1', '"', "'", 'a1-', '((', 'status ', ' 503', '@']) {
      expect(maskedMessage(part.repeat(2_000)).length).toBeLessThanOrEqual(200);
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('of 25,000 that differ in an id and a status leaves one per status', () => {
    const masked = new Set<string>();
    for (let n = 0; n < 25_000; n += 1) {
      masked.add(maskedMessage(`order ${n} of shop s${n % 700}: got ${n % 2 ? 503 : 429}`));
    }
    expect(masked.size).toBe(2);
  });
});
