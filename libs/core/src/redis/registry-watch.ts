import type { RegisteredRoute } from './registered.js';
import type { Registry } from './registry.js';

// Settings are to be honoured within a second; one HGET for each process and look.
const LOOK_MS = 500;

/** Tells when the registry has changed, with what it says then. */
export class RegistryWatch {
  private timer: NodeJS.Timeout | undefined;
  private version: string | null | undefined;
  private looking = false;

  constructor(
    private readonly registry: Registry,
    private readonly isReady: () => boolean,
    private readonly onChange: (routes: readonly RegisteredRoute[]) => void,
  ) {}

  /** Resolves when what the registry says has been told once. */
  async start(): Promise<void> {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => void this.look().catch(() => undefined), LOOK_MS);
    await this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Looks now, for whoever has just changed something. */
  async look(): Promise<void> {
    if (this.looking || !this.isReady()) return;
    this.looking = true;
    try {
      const version = await this.registry.version();
      if (version === this.version) return;
      const routes = await this.registry.routes();
      this.version = version;
      this.onChange(routes);
    } finally {
      this.looking = false;
    }
  }
}
