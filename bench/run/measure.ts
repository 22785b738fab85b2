import { join } from 'node:path';

import type { ContestantName } from '../contestants/index.js';
import type { Reading, Size, Work } from '../works/index.js';
import { isPeer, startPeer } from './peers.js';
import type { Server } from './server.js';
import { endActors, startActor } from './actor.js';

export interface House {
  /** Starts a Redis with nothing in it and nothing on disk. */
  startRedis(): Promise<Server>;
  /** The JavaScript file that each process runs. */
  readonly worker: string;
  /** Receives the CPU profiles, if any are wanted. */
  readonly profiles?: string;
}

/** Performs a work once. */
export async function measure(
  house: House,
  work: Work,
  contestant: ContestantName,
  size: Size,
): Promise<Reading> {
  const server = await (isPeer(contestant) ? startPeer(contestant) : house.startRedis());
  const { url, pid: serverPid } = server;
  const cast = (role: string): ReturnType<typeof startActor> =>
    startActor(house.worker, {
      ...{ work: work.id, role, contestant, size, url, serverPid },
      ...(house.profiles !== undefined && {
        profile: profileFile(house.profiles, work, contestant, role),
      }),
    });
  try {
    return await work.run({
      ...{ contestant, size, url, cast, serverPid },
      play: (role) => cast(role).reading,
    });
  } finally {
    await endActors();
    await server.stop();
  }
}

function profileFile(folder: string, work: Work, contestant: ContestantName, role: string): string {
  return join(folder, `${work.id}-${contestant}-${role}.cpuprofile`);
}
