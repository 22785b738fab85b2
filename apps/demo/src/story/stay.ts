import type { AccountLine } from '../../../shared/demo/account.js';
import type { Stage } from '../stage/stage.js';
import { until } from '../stage/wait.js';
import { terminal } from '../terminal.js';

/** Leaves the services to a person, and shows what they do. Ends with the process. */
export async function stay(stage: Stage): Promise<never> {
  const [orders, inventory, notifications] = (
    ['orders', 'inventory', 'notifications'] as const
  ).map((name) => stage.service(name).url) as [string, string, string];
  const json = `-H 'content-type: application/json' -d`;

  terminal.title('Your turn');
  terminal.say('The services stay up until you press Ctrl-C. Order something:');
  terminal.detail(
    `curl ${orders}/orders ${json} '{"userId":"you","productId":"lamp","quantity":2,"status":"shipped"}'`,
  );
  terminal.say('Look at what came of it:');
  terminal.detail(`curl ${inventory}/stock`);
  terminal.detail(`curl ${notifications}/mails`);
  terminal.say('Break the mail provider, and repair it:');
  terminal.detail(`curl -X PUT ${notifications}/faults ${json} '{"kind":"fails","times":2}'`);
  terminal.detail(`curl -X DELETE ${notifications}/faults`);
  terminal.say('');
  return follow(stage);
}

/** Prints what each service has done or failed to do. */
async function follow(stage: Stage): Promise<never> {
  const shown = new Map(stage.services.map(({ name, records }) => [name, records.account.length]));
  return until<never>(
    () => {
      for (const { name, records } of stage.services) {
        const from = shown.get(name) ?? 0;
        const ends = records.account.slice(from).filter(({ deed }) => deed !== 'begin');
        for (const line of ends) terminal.say(describe(name, line));
        shown.set(name, records.account.length);
      }
      return undefined;
    },
    () => '',
    Infinity,
  );
}

function describe(service: string, { deed, path, orderId, attempt, error }: AccountLine): string {
  const which = `${service.padEnd(13)} ${deed.padEnd(6)} /${path}/ ${orderId}`;
  return `${which}${attempt > 1 ? `, attempt ${attempt}` : ''}${error ? `: ${error}` : ''}`;
}
