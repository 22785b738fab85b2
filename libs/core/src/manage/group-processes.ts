import { processStateOf, type ProcessState } from '../message/index.js';
import type { ManageContext } from './context.js';

/** State of a process of a group, as the process reports it. */
export interface ProcessInfo extends ProcessState {
  /** Unique name of the process. */
  readonly name: string;
}

/** Processes of groups; each group is read once, however many queues it is on. */
export class GroupProcesses {
  private readonly notes = new Map<string, Promise<Readonly<Record<string, string>>>>();

  constructor(private readonly context: ManageContext) {}

  /** @param now the server's clock, epoch ms */
  async of(group: string, now: number): Promise<ProcessInfo[]> {
    return Object.entries(await this.notesOf(group)).flatMap(([name, note]) => {
      const state = processStateOf(note, now);
      return state === undefined ? [] : [{ name, ...state }];
    });
  }

  private notesOf(group: string): Promise<Readonly<Record<string, string>>> {
    const { connection, keys } = this.context;
    let notes = this.notes.get(group);
    if (notes === undefined) {
      notes = connection.run((client) => client.hgetall(keys.processes(group)).catch(noneOfOurs));
      this.notes.set(group, notes);
    }
    return notes;
  }
}

/** Returns no processes for a key of another type, so that it hides no queue. */
function noneOfOurs(error: unknown): Record<string, string> {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return {};
  throw error;
}
