import { LEASE_MS, type Stage } from '../stage/stage.js';
import { terminal } from '../terminal.js';

/** Says who plays. */
export async function introduce(stage: Stage): Promise<void> {
  terminal.title('Three services, three processes, one Redis');
  const server = await stage.operator.describeServer();
  const where = stage.hasOwnServer
    ? `port ${stage.server.port}, append-only file, synced every second`
    : `yours; all keys begin with ${stage.prefix}: and are removed in the end`;
  const cast = [
    [server, where],
    ...stage.services.map(({ name, url, pid }) => [name, `${url}, process ${pid}`] as const),
  ] as const;
  for (const [who, what] of cast) terminal.say(`${who.padEnd(15)}${what}`);
  terminal.say(
    `Leases are ${LEASE_MS / 1_000} s here and 30 s by default: after a crash you would not want to wait that long.`,
  );
}
