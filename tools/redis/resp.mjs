/**
 * The least Redis client that can ask a server who it is: one connection, one command, one reply.
 * The tools use it before any dependency is installed.
 */
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * @param {URL} url
 * @param {string[][]} commands sent in one go, answered in order
 * @param {number} timeoutMs
 * @returns {Promise<string>} everything that the server answered, undecoded
 */
function exchange(url, commands, timeoutMs) {
  const port = Number(url.port || 6379);
  // An IPv6 address is in brackets in a URL, and without them in a socket.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket =
      url.protocol === 'rediss:'
        ? connectTls({ host, port, servername: host })
        : connectPlain({ host, port });
    let answer = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    // QUIT makes the server close after the last reply, so that no reply has to be parsed to find its end.
    socket.write([...commands, ['QUIT']].map(encode).join(''));
    socket.on('data', (chunk) => (answer += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

/** @param {string[]} command */
function encode(command) {
  const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${command.length}\r\n${words.join('')}`;
}

/**
 * Asks a server to identify itself.
 *
 * @param {string} url `redis://` or `rediss://`, with user and password if need be
 * @param {number} [timeoutMs]
 * @returns {Promise<{ kind: 'redis' | 'valkey', version: string, pid: number, dir: string }>}
 * @throws if it cannot be reached, is still loading, or refuses
 */
export async function identify(url, timeoutMs = 1_000) {
  const parsed = new URL(url);
  const { username, password } = parsed;
  const auth = password
    ? [['AUTH', ...(username ? [decodeURIComponent(username)] : []), decodeURIComponent(password)]]
    : [];
  const questions = [['PING'], ['INFO', 'server'], ['CONFIG', 'GET', 'dir']];
  const answer = await exchange(parsed, [...auth, ...questions], timeoutMs);
  if (!answer.includes('+PONG')) {
    throw new Error(`not ready: ${answer.split('\r\n', 1)[0] || 'closed without an answer'}`);
  }
  const field = (/** @type {string} */ name) =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(answer)?.[1] ?? '';
  const valkeyVersion = field('valkey_version');
  return {
    kind: valkeyVersion ? 'valkey' : 'redis',
    version: valkeyVersion || field('redis_version'),
    pid: Number(field('process_id')),
    // A managed server may hide CONFIG; then there is nothing to read.
    dir: /\$3\r\ndir\r\n\$\d+\r\n(.*)\r\n/.exec(answer)?.[1] ?? '',
  };
}
