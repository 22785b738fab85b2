import { processStateOf, type ProcessState } from '../message/index.js';
import type { ManageContext } from './context.js';

/** A process of a group, as it says itself. */
export interface ProcessInfo extends ProcessState {
  /** Its unique name. */
  readonly name: string;
}

/** Processes of groups; each group is asked for once, however many queues it is on. */
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

/** A key of another type says nothing of processes, and hides no queue. */
function noneOfOurs(error: unknown): Record<string, string> {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return {};
  throw error;
}
