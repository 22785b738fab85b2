import { performance } from 'node:perf_hooks';

import type { OnUnreadable } from './registered.js';
import type { Registry } from './registry.js';
import type { RegistryNews } from './registry-mirror.js';

// Settings are to be honoured within a second; one HMGET for each process and look.
const LOOK_MS = 600;

export interface RegistryWatchHooks {
  isReady: () => boolean;
  onChange: (news: RegistryNews) => void;
  /** A field is of a form that this version does not know, and is left out. Told once for each kind of field. */
  onUnreadable: OnUnreadable;
  /** Called when reading the registry failed for a reason that the connection does not report. */
  onFault: (error: unknown) => void;
  /** Says to the registry that this process is there. */
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

  /** Resolves when what the registry says has been told once. */
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

  /** Looks now, for whoever has just changed something. */
  async look(): Promise<void> {
    // A look that is under way may have read before the change.
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

  /** A look that fails is made again; that they all fail is told once. */
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

  /** A newer version writes thousands of the same kind: one is enough to know. */
  private onUnreadable(field: string, value: string): void {
    const [kind = '', name = ''] = field.split(':');
    const about = kind === 'setting' ? `${kind}:${name}` : kind.slice(0, 40);
    if (this.told.has(about) || this.told.size > 100) return;
    this.told.add(about);
    this.hooks.onUnreadable(field, value);
  }
}
