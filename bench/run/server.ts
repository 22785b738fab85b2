/** A server that was started for one measurement. */
export interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}
