import { Pool, type buildConnector } from 'undici';

/** Connections to one origin. */
export interface OriginPool {
  readonly key: string;
  readonly pool: Pool;
  sockets: number;
  /** Connections made so far. */
  connects: number;
  inFlight: number;
}

interface Wanted {
  /** The origin, and what else keeps its connections apart from others'. */
  readonly key: string;
  readonly origin: string;
  /** Makes the function that connects, for a new pool. */
  readonly connector: () => buildConnector.connector;
  /** Whatever is open is not used; requests under way on it end as they may. */
  readonly fresh: boolean;
}

/**
 * One pool of connections for each origin that is in use, and for some that were: an `Agent` of undici keeps any number of
 * idle origins, or throws when there are too many. Here the one that was idle longest is closed.
 */
export class OriginPools {
  private readonly open = new Map<string, OriginPool>();
  /** Pools without a request, the longest idle first. */
  private readonly idle = new Map<string, OriginPool>();

  constructor(private readonly limits: { readonly maxOrigins: number; readonly idleMs: number }) {}

  get origins(): number {
    return this.open.size;
  }

  get sockets(): number {
    let sum = 0;
    for (const { sockets } of this.open.values()) sum += sockets;
    return sum;
  }

  /** Takes the pool of an origin for a request; give it back by `release`. */
  take({ key, origin, connector, fresh }: Wanted): OriginPool {
    let taken = this.open.get(key);
    if (fresh && taken !== undefined) {
      this.forget(key);
      close(taken.pool);
      taken = undefined;
    }
    taken ??= this.create(key, origin, connector());
    taken.inFlight += 1;
    this.idle.delete(key);
    return taken;
  }

  release(taken: OriginPool): void {
    taken.inFlight -= 1;
    this.settle(taken);
  }

  async close(): Promise<void> {
    const pools = [...this.open.values()];
    this.open.clear();
    this.idle.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }

  private create(key: string, origin: string, connect: buildConnector.connector): OriginPool {
    const pool = new Pool(origin, {
      connect,
      pipelining: 1,
      keepAliveTimeout: this.limits.idleMs,
      // A receiver's own `keep-alive` header makes it shorter only.
      keepAliveMaxTimeout: this.limits.idleMs,
      // The deadlines are those of an exchange.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const created: OriginPool = { key, pool, sockets: 0, connects: 0, inFlight: 0 };
    pool.on('connect', () => {
      created.sockets += 1;
      created.connects += 1;
    });
    pool.on('disconnect', () => {
      created.sockets -= 1;
      this.settle(created);
    });
    this.open.set(key, created);
    this.closeIdle();
    return created;
  }

  private settle({ key, pool, sockets, inFlight }: OriginPool): void {
    // One that a fresh one replaced is closed already.
    if (inFlight > 0 || this.open.get(key)?.pool !== pool) return;
    if (sockets > 0) {
      this.idle.set(key, this.open.get(key) as OriginPool);
      this.closeIdle();
      return;
    }
    this.forget(key);
    close(pool);
  }

  private closeIdle(): void {
    for (const [key, { pool }] of this.idle) {
      if (this.open.size <= this.limits.maxOrigins) return;
      this.forget(key);
      close(pool);
    }
  }

  private forget(key: string): void {
    this.open.delete(key);
    this.idle.delete(key);
  }
}

/** Ends what is idle now, and the rest when its requests have ended. */
function close(pool: Pool): void {
  if (!pool.closed && !pool.destroyed) void pool.close();
}
