import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TcpProxy } from '../../support/proxy.js';
import { RedisServer } from '../../support/redis-server.js';
import { SteppingClock } from '../../support/stepping-clock.js';
import type { Appendfsync, Topology } from './topology.js';

// Keeps every command that holds the server up for the checker, and no other.
const SLOWLOG = { 'slowlog-log-slower-than': '50000', 'slowlog-max-len': '10000' };

/** One Redis with an append-only file, behind a proxy. */
export class Standalone implements Topology {
  isFrozen = false;

  private constructor(
    readonly server: RedisServer,
    readonly proxy: TcpProxy,
    /** Undefined on systems where the clock cannot be faked. */
    readonly clock: SteppingClock | undefined,
  ) {}

  /** @param outputLimit MiB of replies that a client may have waiting before the server cuts it off */
  static async start(appendonly: Appendfsync, outputLimit: number): Promise<Standalone> {
    const clock = SteppingClock.create();
    const limit = `normal ${outputLimit}mb 0 0`;
    const server = await RedisServer.start({
      appendonly,
      config: { ...SLOWLOG, 'client-output-buffer-limit': limit },
      ...(clock && { env: clock.env }),
    });
    return new Standalone(server, await TcpProxy.start(server.port), clock);
  }

  get target(): string {
    return this.proxy.url;
  }

  adminUrl(): Promise<string> {
    return Promise.resolve(this.server.url);
  }

  freeze(): void {
    this.server.freeze();
    this.isFrozen = true;
  }

  thaw(): void {
    this.server.thaw();
    this.isFrozen = false;
  }

  heal(): Promise<void> {
    if (this.isFrozen) this.thaw();
    this.clock?.setTo(0);
    this.proxy.accept();
    this.proxy.delay(0);
    this.proxy.dropReplies(0);
    // Half-open connections would stay so for ever.
    this.proxy.cut();
    return Promise.resolve();
  }

  oversizedReplies(): string[] {
    const log = readFileSync(join(this.server.dir, 'server.log'), 'utf8');
    return log.split('\n').filter((line) => line.includes('output buffer limits'));
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.server.stop();
    this.clock?.remove();
  }
}
