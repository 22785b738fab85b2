import { performance } from 'node:perf_hooks';

import type { RegisteredRoute } from './registered.js';
import type { Registry } from './registry.js';

// Settings are to be honoured within a second; one HGET for each process and look.
const LOOK_MS = 600;

export interface RegistryWatchHooks {
  isReady: () => boolean;
  onChange: (routes: readonly RegisteredRoute[]) => void;
  /** Says to the registry that this process is there. */
  touch: () => Promise<unknown>;
  touchMs: number;
}

/** Tells when the registry has changed, with what it says then; and tells the registry that this process is there. */
export class RegistryWatch {
  private timer: NodeJS.Timeout | undefined;
  private version: string | null | undefined;
  private looking: Promise<void> | undefined;
  private touchedAt = performance.now();

  constructor(
    private readonly registry: Registry,
    private readonly hooks: RegistryWatchHooks,
  ) {}

  /** Resolves when what the registry says has been told once. */
  async start(): Promise<void> {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => {
      if (this.looking === undefined) this.look().catch(() => undefined);
    }, LOOK_MS);
    await this.look();
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

  private async lookOnce(): Promise<void> {
    await this.touch();
    const version = await this.registry.version();
    if (version === this.version) return;
    const routes = await this.registry.routes();
    this.version = version;
    this.hooks.onChange(routes);
  }

  private async touch(): Promise<void> {
    const now = performance.now();
    if (now - this.touchedAt < this.hooks.touchMs) return;
    this.touchedAt = now;
    await this.hooks.touch();
  }
}
