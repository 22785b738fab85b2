const FOREIGN = /[\\/]node_modules[\\/]|\bnode:|\((?:<anonymous>|native)\)$/;
// Callers of a handler, where a bundle contains the engine too.
const ENGINE = /^(?:Runner|BatchCollector|HandlerPipeline|BatchPipeline|Dispatcher)\./;
// main.4f3a2b1c.js, main-4f3a2b1c.mjs
const HASH_IN_NAME = /[.-](?=[\w]*\d)[\w]{6,}(?=\.\w+$)/;

/**
 * Finds where in application code an error was thrown: the name of its first function, or else of its file. Both
 * survive a build that moves lines and renames bundles. Undefined when the stack does not tell. Pure.
 */
export function placeOf(stack: string | undefined): string | undefined {
  let file: string | undefined;
  for (const line of stack?.split('\n') ?? []) {
    const frame = /^\s+at (.+)$/.exec(line)?.[1];
    if (frame === undefined || FOREIGN.test(frame)) continue;
    const name = functionOf(frame);
    if (name !== undefined && ENGINE.test(name)) break;
    if (name !== undefined) return name;
    file ??= fileOf(frame);
  }
  return file;
}

/** `async Orders.pay [as handler] (/app/pay.js:1:2)` → `Orders.pay` */
function functionOf(frame: string): string | undefined {
  const name = /^(.+?) \(.*\)$/.exec(frame)?.[1];
  const bare = name
    ?.replace(/^async /, '')
    .replace(/ \[as .*\]$/, '')
    .replace(/^(?:Object|Module|Function|exports)\./, '');
  return bare === undefined || bare === '' || bare.includes('<anonymous>') ? undefined : bare;
}

function fileOf(frame: string): string | undefined {
  const path = (/\((.*)\)$/.exec(frame)?.[1] ?? frame)
    .replace(/^async /, '')
    .replace(/:\d+(?::\d+)?$/, '');
  const name = path.split(/[\\/]/).at(-1) ?? '';
  return name === '' ? undefined : name.replace(HASH_IN_NAME, '');
}
