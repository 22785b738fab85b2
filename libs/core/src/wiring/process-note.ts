import type { ProcessState } from '../message/index.js';
import { noteProcess } from '../consume/index.js';
import { isTransient } from '../redis/index.js';
import type { Engine } from './engine.js';

/** Note for other processes that this one exists and whether it consumes; a stopped one is in no queue's numbers. */
export class ProcessNote {
  /** Set after Redis has refused the note: it would refuse every time. */
  private isRefused = false;

  constructor(
    private readonly engine: Engine,
    private readonly state: () => ProcessState,
  ) {}

  /** Writes the note; repeated at each touch of the registry. Nothing depends on it, so a failure is ignored. */
  async write(): Promise<void> {
    const { command, keys, options, watch, consumer, isClosing } = this.engine;
    const { group } = options;
    if (group === undefined || isClosing || this.isRefused || !command.ready) return;
    try {
      // Valid until two touches are missed.
      const validMs = 2 * watch.touchMs + 1_000;
      await noteProcess(command, keys.processes(group), consumer, this.state(), validMs);
    } catch (error) {
      if (!isTransient(error)) this.isRefused = true;
    }
  }

  /** Deletes the note, at the end of the process. */
  async erase(): Promise<void> {
    const { command, keys, options, consumer } = this.engine;
    if (options.group === undefined || !command.ready) return;
    await command.client.hdel(keys.processes(options.group), consumer).catch(() => undefined);
  }
}
