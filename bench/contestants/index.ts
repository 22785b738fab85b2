import type { Contestant, ContestantName } from './contestant.js';

export * from './contestant.js';

/** Loaded when needed, so that no process holds the code of another contestant. */
const LOAD: Record<ContestantName, () => Promise<Contestant>> = {
  raw: async () => (await import('./raw.js')).raw,
  core: async () => (await import('./core.js')).core,
  nest: async () => (await import('./nest.js')).nest,
  bullmq: async () => (await import('./bullmq.js')).bullmq,
  'nest-transport': async () => (await import('./nest-transport.js')).nestTransport,
  nats: async () => (await import('./nats.js')).nats,
  rabbitmq: async () => (await import('./rabbitmq.js')).rabbitmq,
};

export function loadContestant(name: ContestantName): Promise<Contestant> {
  return LOAD[name]();
}
