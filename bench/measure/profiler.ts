import { writeFileSync } from 'node:fs';
import { Session, type Profiler as V8 } from 'node:inspector';

/** Often enough for a run of a second; more would be felt. */
const INTERVAL_US = 200;

/** Records where this process spends its time while a meter runs, and nothing of what is before and after. */
export class Profiler {
  private readonly session = new Session();
  private profile: V8.Profile | undefined;

  /** @param file receives the profile when `write` is called; Chrome's DevTools and VS Code open it */
  constructor(private readonly file: string) {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  }

  start(): void {
    this.session.post('Profiler.start');
  }

  stop(): void {
    // It answers before `post` returns: the session is in this very process.
    this.session.post('Profiler.stop', (error, reply) => {
      if (error === null) this.profile = reply.profile;
    });
  }

  write(): void {
    if (this.profile !== undefined) writeFileSync(this.file, JSON.stringify(this.profile));
  }
}
