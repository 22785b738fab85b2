import type { FaultKind } from '../plan/timeline.js';
import * as clients from './clients.js';
import { failoverFreeze, failoverKill } from './failover.js';
import { foreignEntry } from './foreign.js';
import type { MakeFault } from './fault.js';
import * as network from './network.js';
import * as processes from './processes.js';
import * as server from './server.js';

export type { FaultRecord, MakeFault, Surroundings } from './fault.js';

export const FAULTS: Readonly<Record<FaultKind, MakeFault>> = {
  'kill-consumer': processes.killConsumer,
  'kill-publisher': processes.killPublisher,
  'term-consumer': processes.termConsumer,
  'term-publisher': processes.termPublisher,
  'freeze-consumer-below': processes.freezeConsumer,
  'freeze-consumer-beyond': processes.freezeConsumer,
  'freeze-publisher': processes.freezePublisher,
  'client-kill-all': clients.clientKillAll,
  'client-kill-one': clients.clientKillOne,
  'script-flush': clients.scriptFlush,
  'redis-kill': server.redisKill,
  'redis-freeze': server.redisFreeze,
  'proxy-cut': network.cut,
  'proxy-cut-reply': network.cutReply,
  'proxy-half-reply': network.halfReply,
  'proxy-delay': network.delay,
  'proxy-half-open': network.halfOpen,
  'proxy-drop-replies': network.dropReplies,
  'proxy-refuse': network.refuse,
  'clock-step': server.clockStep,
  'foreign-entry': foreignEntry,
  'failover-kill': failoverKill,
  'failover-freeze': failoverFreeze,
};
