/** Settings that a service takes from its environment; its module holds the rest. */
import type { LeanMQOptions } from '@leanmq/core';

const { env } = process;

/** Where Redis is, and how names there begin; the same for all services that talk to each other. */
export const broker = {
  redis: env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  prefix: env['LEANMQ_PREFIX'] ?? 'leanmq-shop',
  // The demo kills services and does not want to wait 30 s until their work is taken over.
  ...(env['LEANMQ_LEASE_MS'] !== undefined && { leaseMs: Number(env['LEANMQ_LEASE_MS']) }),
} satisfies LeanMQOptions;

/** Any free one, if it is 0. */
export const port = Number(env['PORT'] ?? 3000);
