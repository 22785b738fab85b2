import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RedisServer, RedisServerOptions } from '../../../../tools/redis/server.mjs';
import { dueOf, keyOf } from '../check/due.js';
import { SERVICES, type Evidence, type Service } from '../check/evidence.js';
import { Operator } from './operator.js';
import { ServiceProcess } from './service-process.js';
import { Shop } from './shop.js';
import { until } from './wait.js';

/** Short, so that nobody watches a crash for half a minute. */
export const LEASE_MS = 3_000;

export interface StageOptions {
  /** The repository, where everything is built. */
  readonly root: string;
  /** A server to use; without it one is started. */
  readonly redisUrl?: string;
  readonly startRedis: (options: RedisServerOptions) => Promise<RedisServer>;
  readonly say: (line: string) => void;
}

/** Everything that plays a part: Redis, the three services, a customer and an operator. */
export class Stage {
  /** Ours to kill; undefined when the server is the user's. */
  private ownServer: RedisServer | undefined;
  private operating: Operator | undefined;
  private closing: Promise<void> | undefined;
  private readonly running = new Map<Service, ServiceProcess>();
  readonly folder = mkdtempSync(join(tmpdir(), 'leanmq-demo-'));
  readonly prefix = `leanmq-demo-${randomBytes(4).toString('hex')}`;
  readonly shop = new Shop(() => this.service('orders').url);
  readonly killedPids: number[] = [];
  readonly replayed: Record<Service, number> = { orders: 0, inventory: 0, notifications: 0 };

  constructor(private readonly options: StageOptions) {}

  async open(): Promise<void> {
    const { redisUrl, say, startRedis, root } = this.options;
    if (redisUrl === undefined) {
      say('Starting Redis.');
      // Written to the file at each command and synced each second, as most people run it.
      this.ownServer = await startRedis({ appendonly: 'everysec', say });
    }
    const redis = redisUrl ?? this.server.url;
    this.operating = new Operator(redis, this.prefix);
    await this.operator.connect();
    // Somebody may have lost patience meanwhile; nothing may be started after the end.
    if (this.closing !== undefined) throw new Error('the stage was closed while it opened');
    say('Starting the services.');
    await Promise.all(
      SERVICES.map((name) => {
        const service = new ServiceProcess(name, root, this.folder, {
          REDIS_URL: redis,
          LEANMQ_PREFIX: this.prefix,
          LEANMQ_LEASE_MS: String(LEASE_MS),
        });
        this.running.set(name, service);
        return service.start();
      }),
    );
  }

  get hasOwnServer(): boolean {
    return this.ownServer !== undefined;
  }

  get server(): RedisServer {
    if (this.ownServer === undefined) throw new Error('there is no Redis of our own');
    return this.ownServer;
  }

  get operator(): Operator {
    if (this.operating === undefined) throw new Error('the stage is not open');
    return this.operating;
  }

  service(name: Service): ServiceProcess {
    const service = this.running.get(name);
    if (service === undefined) throw new Error(`${name} is not running`);
    return service;
  }

  get services(): ServiceProcess[] {
    return [...this.running.values()];
  }

  evidence(): Evidence {
    return {
      accepted: this.shop.accepted,
      records: Object.fromEntries(
        SERVICES.map((name) => [name, this.service(name).records]),
      ) as Evidence['records'],
      killedPids: this.killedPids,
      replayed: this.replayed,
    };
  }

  /** Waits until all services have handled and acked all that follows from the accepted orders. */
  async settled(options: { except?: string } = {}): Promise<void> {
    const open = (): string[] => {
      const { accepted, records } = this.evidence();
      const acked = Object.fromEntries(
        SERVICES.map((name) => [
          name,
          new Set(records[name].engine.filter(({ event }) => event === 'acked').map(keyOf)),
        ]),
      ) as Record<Service, Set<string>>;
      return dueOf(accepted)
        .filter(({ service, id, path }) => !acked[service].has(keyOf({ path, id })))
        .map((due) => `${due.service} ${keyOf(due)}`)
        .filter((name) => name !== options.except);
    };
    await until(
      () => {
        const dead = this.services.find(({ isAlive }) => !isAlive);
        if (dead) throw new Error(`${dead.name} has ended, and nobody had stopped it`);
        return open().length === 0;
      },
      () => `not yet handled: ${open().slice(0, 5).join(', ')} (${open().length} in all)`,
    );
  }

  /** Ends the services in good order; what they say is complete then. */
  async stopServices(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
  }

  /** Removes every trace but, if wanted, the folder with the logs. May be called at any moment, and twice. */
  close({ keepFolder = false } = {}): Promise<void> {
    this.closing ??= this.takeDown().finally(() => {
      if (!keepFolder) rmSync(this.folder, { recursive: true, force: true });
    });
    return this.closing;
  }

  private async takeDown(): Promise<void> {
    await this.stopServices();
    // The last things that can be done for a Redis that may be gone: nothing depends on them.
    if (this.ownServer === undefined) await this.operating?.removeKeys().catch(() => undefined);
    await this.operating?.close().catch(() => undefined);
    await this.ownServer?.stop();
  }
}
