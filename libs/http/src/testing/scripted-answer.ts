import type { ServerResponse } from 'node:http';

import { ConfigError } from '@leanmq/core';

/** Misbehaviours of a receiver: it never answers, cuts the connection, or sends a body that never ends. */
const MISBEHAVIOURS = ['hang', 'reset', 'drip'] as const;
type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** Answer of a receiver: a status, a whole answer, or a misbehaviour. */
export type ScriptedAnswer =
  | number
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
      /** Time before it is sent, ms. */
      readonly delayMs?: number;
    }
  | Misbehaviour;

const DRIP_MS = 50;

/** @throws {ConfigError} for what is no answer */
export function checkedAnswer(answer: ScriptedAnswer): ScriptedAnswer {
  const status = typeof answer === 'object' ? answer.status : answer;
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  if (isStatus || MISBEHAVIOURS.includes(answer as Misbehaviour)) return answer;
  throw ConfigError.option(
    'answer',
    answer,
    'a status from 200 to 599, { status, … }, "hang", "reset" or "drip"',
  );
}

/** Answers a request. */
export function give(answer: ScriptedAnswer, response: ServerResponse): void {
  switch (answer) {
    case 'hang':
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'drip':
      drip(response);
      return;
    default:
      send(typeof answer === 'number' ? { status: answer } : answer, response);
  }
}

function send(answer: Exclude<ScriptedAnswer, number | string>, response: ServerResponse): void {
  const { status, headers = {}, body, delayMs } = answer;
  const now = (): void => {
    response.writeHead(status, headers);
    response.end(body);
  };
  if (delayMs === undefined) return now();
  const timer = setTimeout(now, delayMs);
  response.on('close', () => clearTimeout(timer));
}

function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write('.'), DRIP_MS);
  response.on('close', () => clearInterval(timer));
}
