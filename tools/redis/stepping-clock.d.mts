/** The wall clock of a server that is started with its `env`; the monotonic clock goes on undisturbed. */
export declare class SteppingClock {
  private constructor();

  /** Compiles it; undefined where there is no C compiler or no Linux. */
  static create(): SteppingClock | undefined;

  /** Environment to start the server with. */
  readonly env: Readonly<Record<string, string>>;
  /** Lead over the machine's clock, in ms; negative when it is behind. */
  readonly offsetMs: number;

  /** Steps the clock at once. */
  setTo(offsetMs: number): void;
  /** Removes its files. The server must have ended. */
  remove(): void;
}
