import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

import { BadRequestException, PayloadTooLargeException } from '@nestjs/common';

/**
 * Reads a body to its end. Of one that is too large nothing is kept, and the rest is thrown away as it comes.
 *
 * @throws {PayloadTooLargeException | BadRequestException}
 */
export async function readBody(
  request: IncomingMessage,
  stream: Readable,
  maxBytes: number,
): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(stream, maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else end(() => reject(tooLarge(stream, maxBytes)));
    };
    const onEnd = (): void => end(() => resolve(Buffer.concat(chunks, bytes)));
    const onGone = (): void => end(() => reject(new BadRequestException('The body was cut off.')));
    const end = (settle: () => void): void => {
      stream.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      settle();
    };
    stream.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

function tooLarge(stream: Readable, maxBytes: number): PayloadTooLargeException {
  // Left unread, the sender might never look at the answer.
  stream.on('error', () => undefined).resume();
  return new PayloadTooLargeException(`The body is larger than ${maxBytes} bytes.`);
}
