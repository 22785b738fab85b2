import { Stage, type StageOptions } from './stage/stage.js';
import { stopwatch } from './stage/wait.js';
import { normalFlow } from './story/1-normal-flow.js';
import { retry } from './story/2-retry.js';
import { deadLetter } from './story/3-dead-letter.js';
import { killAService } from './story/4-kill-a-service.js';
import { killRedis } from './story/5-kill-redis.js';
import { introduce } from './story/introduction.js';
import { reckoning } from './story/reckoning.js';
import { stay } from './story/stay.js';
import { terminal } from './terminal.js';

export interface DemoOptions extends Omit<StageOptions, 'say'> {
  /** End after the story; otherwise the services stay up until Ctrl-C. */
  readonly once: boolean;
}

const CHAPTERS = [normalFlow, retry, deadLetter, killAService, killRedis];

/**
 * Tells the story and takes everything down again, whatever happens.
 *
 * @returns the exit code of the process
 */
export async function demo({ once, ...options }: DemoOptions): Promise<number> {
  const stage = new Stage({ ...options, say: terminal.say });
  const interrupted = interruption();
  let problems: readonly string[];
  try {
    problems = await Promise.race([tell(stage, once), interrupted]);
  } catch (error) {
    if (error instanceof Interruption) {
      terminal.title('Taking everything down.');
      await stage.close();
      return error.exitCode;
    }
    problems = [error instanceof Error ? error.message : String(error)];
  }
  return problems.length === 0 ? succeed(stage) : fail(stage, problems);
}

async function succeed(stage: Stage): Promise<number> {
  await stage.close();
  terminal.last('demo: ok', true);
  return 0;
}

async function fail(stage: Stage, problems: readonly string[]): Promise<number> {
  const logs = stage.services.map(({ logFile }) => logFile);
  await stage.close({ keepFolder: logs.length > 0 });
  terminal.title('Something is wrong');
  for (const problem of problems) terminal.wrong(problem);
  if (logs.length > 0) {
    terminal.say('The logs of the services; what they noted down is beside them:');
    logs.forEach(terminal.detail);
  }
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  terminal.last(`demo: failed: ${problems[0] ?? ''}${more}`, false);
  return 1;
}

async function tell(stage: Stage, once: boolean): Promise<readonly string[]> {
  const took = stopwatch();
  await stage.open();
  await introduce(stage);
  for (const chapter of CHAPTERS) await chapter(stage);
  // What a service that has ended noted down is complete.
  if (once) await stage.stopServices();
  const problems = await reckoning(stage);
  terminal.say(`The story took ${took()}.`);
  if (once || problems.length > 0) return problems;
  return stay(stage);
}

/** Somebody ended the demo, which is no failure of it. */
class Interruption extends Error {
  constructor(readonly exitCode: number) {
    super('interrupted');
  }
}

/** Rejects at the first signal; a second one ends the process the hard way. */
function interruption(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
    for (const [signal, exitCode] of Object.entries(signals)) {
      process.once(signal, () => reject(new Interruption(exitCode)));
    }
    // Nobody listens any more, as in `npm run demo | head`.
    process.stdout.on('error', () => reject(new Interruption(1)));
  });
}
