export interface RedisServerOptions {
  /** Default: any free one. */
  port?: number;
  /** Where it keeps its data; it is then kept on `stop()`. Default: a temporary folder. */
  dir?: string;
  /** `no` (the default): nothing survives a restart. Otherwise how often the log is synced. */
  appendonly?: 'no' | 'everysec' | 'always';
  /** Further directives of redis.conf; a value of several words is split at the spaces. */
  config?: Record<string, string>;
  /** Variables of its environment, besides this process' own; a container does not get them. */
  env?: Readonly<Record<string, string>>;
  /** Hears how a server is looked for. */
  say?: (line: string) => void;
}

/** A real Redis on 127.0.0.1 that this process started, and that is gone when this process is. */
export declare class RedisServer {
  private constructor();

  /** Resolves when the server answers, and when it is certain that it is the one started here. */
  static start(options?: RedisServerOptions): Promise<RedisServer>;

  readonly port: number;
  readonly url: string;
  readonly dir: string;
  /** Id of the running process; changes with `restart()`. */
  readonly pid: number;

  /** Resolves when the process has ended. Default: SIGKILL, as in a crash. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Same port, same folder; stops the running one first. */
  restart(): Promise<void>;
  /** Ends it and removes its folder, if that was a temporary one. May be called twice. */
  stop(): Promise<void>;
  /** The process stands still: connections stay open, nobody answers. */
  freeze(): void;
  thaw(): void;
}
