import { BadRequestException } from '@nestjs/common';

/** Kind of a body by its content type. */
export type BodyKind = 'json' | 'form' | 'text' | 'other' | 'empty';

export function bodyKindOf(contentType: string | undefined, body: Buffer): BodyKind {
  if (body.length === 0) return 'empty';
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || /^application\/[\w.+-]+\+json$/.test(type)) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  return type.startsWith('text/') ? 'text' : 'other';
}

/**
 * Reads a verified body by its content type: JSON, a form as an object, text, else its bytes. Pure.
 *
 * @throws {BadRequestException} for JSON that does not parse
 */
export function parsedBody(contentType: string | undefined, body: Buffer): unknown {
  const kind = bodyKindOf(contentType, body);
  switch (kind) {
    case 'json':
      return parsedJson(body.toString());
    case 'form':
      return formOf(body.toString());
    case 'text':
      return body.toString();
    case 'other':
      return body;
    case 'empty':
      return undefined;
    default:
      return kind satisfies never;
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadRequestException('The body is not JSON.', { cause });
  }
}

/** A field that is there several times is a list. */
function formOf(text: string): Record<string, string | string[]> {
  const form: Record<string, string | string[]> = Object.create(null) as typeof form;
  for (const [name, value] of new URLSearchParams(text)) {
    const known = form[name];
    if (known === undefined) form[name] = value;
    else form[name] = [known, value].flat();
  }
  return { ...form };
}
