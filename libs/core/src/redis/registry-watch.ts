import { performance } from 'node:perf_hooks';

import type { OnUnreadable } from './registered.js';
import type { Registry } from './registry.js';
import type { RegistryNews } from './registry-mirror.js';

// Settings apply within a second; each poll costs one HMGET per process.
const LOOK_MS = 600;

export interface RegistryWatchHooks {
  isReady: () => boolean;
  onChange: (news: RegistryNews) => void;
  /** Called when a field has an unknown format and is ignored; once per kind of field. */
  onUnreadable: OnUnreadable;
  /** Called when reading the registry failed for a reason that the connection does not report. */
  onFault: (error: unknown) => void;
  /** Records in the registry that this process is alive. */
  touch: () => Promise<unknown>;
  touchMs: number;
}

/** Watches the registry and reports its changes; also records in it that this process is alive. */
export class RegistryWatch {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private touchedAt = performance.now();
  private isFaulty = false;
  private readonly told = new Set<string>();
  private readonly mirror: ReturnType<Registry['mirror']>;

  constructor(
    private readonly registry: Registry,
    private readonly hooks: RegistryWatchHooks,
  ) {
    this.mirror = registry.mirror((field, value) => this.onUnreadable(field, value));
  }

  /** Interval of this process's sign of life in the registry, in ms. */
  get touchMs(): number {
    return this.hooks.touchMs;
  }

  /** Resolves after the registry's state has been reported once. */
  async start(): Promise<void> {
    if (this.timer !== undefined) return;
    await this.look();
    this.timer = setInterval(() => {
      if (this.looking === undefined) this.look().then(this.onSeen, this.onBlind);
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Polls now, for a caller that has just changed something. */
  async look(): Promise<void> {
    // A poll in progress may have read before the change.
    await this.looking?.catch(() => undefined);
    if (!this.hooks.isReady()) return;
    this.looking ??= this.lookOnce().finally(() => {
      this.looking = undefined;
    });
    await this.looking;
  }

  private readonly onSeen = (): void => {
    this.isFaulty = false;
  };

  /** Polls repeatedly; a series of failures is reported once. */
  private readonly onBlind = (error: unknown): void => {
    if (!this.isFaulty) this.hooks.onFault(error);
    this.isFaulty = true;
  };

  private async lookOnce(): Promise<void> {
    await this.touch();
    const news = await this.registry.look(this.mirror);
    if (news !== undefined) this.hooks.onChange(news);
  }

  private async touch(): Promise<void> {
    const now = performance.now();
    if (now - this.touchedAt < this.hooks.touchMs) return;
    this.touchedAt = now;
    await this.hooks.touch();
  }

  /** Reports one field per kind: a newer version may write thousands. */
  private onUnreadable(field: string, value: string): void {
    const [kind = '', name = ''] = field.split(':');
    const about = kind === 'setting' ? `${kind}:${name}` : kind.slice(0, 40);
    if (this.told.has(about) || this.told.size > 100) return;
    this.told.add(about);
    this.hooks.onUnreadable(field, value);
  }
}
