import type { ProcessState } from '../message/index.js';
import { noteProcess } from '../consume/index.js';
import { isTransient } from '../redis/index.js';
import type { Engine } from './engine.js';

/** Tells other processes that this one is there, and whether it consumes: a stopped one is in no queue's numbers. */
export class ProcessNote {
  /** Redis refuses it: asked again, it would refuse each time. */
  private isRefused = false;

  constructor(
    private readonly engine: Engine,
    private readonly state: () => ProcessState,
  ) {}

  /** Notes it, again at each touch of the registry. Nothing rests on it, so a failure is none of anybody's concern. */
  async write(): Promise<void> {
    const { command, keys, options, watch, consumer, isClosing } = this.engine;
    const { group } = options;
    if (group === undefined || isClosing || this.isRefused || !command.ready) return;
    try {
      // Believed until it has missed two.
      const validMs = 2 * watch.touchMs + 1_000;
      await noteProcess(command, keys.processes(group), consumer, this.state(), validMs);
    } catch (error) {
      if (!isTransient(error)) this.isRefused = true;
    }
  }

  /** Takes it back, at the end of the process. */
  async erase(): Promise<void> {
    const { command, keys, options, consumer } = this.engine;
    if (options.group === undefined || !command.ready) return;
    await command.client.hdel(keys.processes(options.group), consumer).catch(() => undefined);
  }
}
