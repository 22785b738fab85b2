import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A client's connection and its counterpart to Redis. */
interface Pair {
  client: Socket;
  upstream: Socket;
  /** Set when nothing is passed on any more, in either direction, and neither side hears of it. */
  halfOpen: boolean;
}

interface Ambush {
  match: string | RegExp;
  /** The pair whose request matched; its next reply is swallowed. */
  pair?: Pair;
  /** Set when the client gets the first half of the reply. */
  half: boolean;
  fired: () => void;
}

/**
 * A proxy between a client and Redis that does what networks do: cuts, stalls, loses replies.
 * Without a fault, bytes pass through unchanged.
 */
export class TcpProxy {
  readonly #pairs = new Set<Pair>();
  readonly #server: Server;
  #ambushes: Ambush[] = [];
  #repliesToDrop = 0;
  #delayMs = 0;
  #refusing = false;
  #attempts = 0;
  #delayed = 0;

  private constructor(private readonly targetPort: number) {
    this.#server = createServer((client) => {
      this.#join(client);
    });
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Clients that are connected now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Connections made or attempted so far. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Chunks that are held back by a delay now. */
  get delayed(): number {
    return this.#delayed;
  }

  /** Destroys all connections; new ones are accepted. */
  cut(): void {
    for (const pair of this.#pairs) this.#sever(pair);
  }

  /**
   * Keeps existing connections open but silent: not even a hang-up reaches the other side. New
   * connections work. `cut()` ends the silent ones.
   */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.halfOpen = true;
  }

  /**
   * Lets requests reach Redis and swallows its replies.
   *
   * @param count chunks of replies to swallow; by default all, until `dropReplies(0)`
   */
  dropReplies(count = Infinity): void {
    this.#repliesToDrop = count;
  }

  /**
   * Waits for a matching request, lets Redis execute it, swallows the reply and destroys the
   * client's connection: a write whose outcome the client cannot know. Fires once.
   *
   * The match is tried on each chunk as it arrives. A command in one packet is one chunk.
   *
   * @param options.half true when the client gets the first half of the reply before the cut
   * @returns a promise that resolves when the cut has happened
   */
  cutAfterReplyTo(match: string | RegExp, { half = false } = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#ambushes.push({ match, half, fired: resolve });
    });
  }

  /** Destroys new connections at once, as if nobody were listening. */
  refuse(): void {
    this.#refusing = true;
  }

  accept(): void {
    this.#refusing = false;
  }

  /** Delays each chunk by `ms`, in each direction, keeping their order; 0 ends the delay. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async stop(): Promise<void> {
    this.#refusing = true;
    this.cut();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  #join(client: Socket): void {
    this.#attempts += 1;
    if (this.#refusing) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ host: '127.0.0.1', port: this.targetPort, noDelay: true });
    client.setNoDelay(true);
    const pair: Pair = { client, upstream, halfOpen: false };
    this.#pairs.add(pair);

    const toRedis = this.#inOrder((chunk) => {
      this.#request(pair, chunk);
    });
    const toClient = this.#inOrder((chunk) => {
      this.#reply(pair, chunk);
    });
    client.on('data', toRedis);
    upstream.on('data', toClient);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined); // `close` follows and does the work.
      socket.on('close', () => {
        // On a half-open connection, neither side hears that the other one is gone.
        if (!pair.halfOpen || (client.destroyed && upstream.destroyed)) this.#sever(pair);
      });
    }
  }

  #request(pair: Pair, chunk: Buffer): void {
    if (pair.halfOpen) return;
    const ambush = this.#ambushes.find(({ match, pair: taken }) => !taken && found(match, chunk));
    if (ambush) ambush.pair = pair;
    pair.upstream.write(chunk);
  }

  #reply(pair: Pair, chunk: Buffer): void {
    if (pair.halfOpen) return;
    const ambush = this.#ambushes.find((candidate) => candidate.pair === pair);
    if (ambush) {
      this.#ambushes = this.#ambushes.filter((other) => other !== ambush);
      if (ambush.half) pair.client.end(chunk.subarray(0, Math.ceil(chunk.length / 2)));
      this.#sever(pair, ambush.half);
      ambush.fired();
      return;
    }
    if (this.#repliesToDrop > 0) {
      this.#repliesToDrop -= 1;
      return;
    }
    pair.client.write(chunk);
  }

  /** @param politely true when data already written to the client still arrives */
  #sever(pair: Pair, politely = false): void {
    if (!this.#pairs.delete(pair)) return;
    if (politely) pair.client.destroySoon();
    else pair.client.destroy();
    pair.upstream.destroy();
  }

  /** Delays each chunk; none overtakes another, even when the delay changes meanwhile. */
  #inOrder(pass: (chunk: Buffer) => void): (chunk: Buffer) => void {
    const waiting: { chunk: Buffer; dueAt: number }[] = [];
    const passDue = (): void => {
      for (let head = waiting[0]; head; head = waiting[0]) {
        const leftMs = head.dueAt - performance.now();
        if (leftMs > 0) {
          setTimeout(passDue, leftMs);
          return;
        }
        waiting.shift();
        this.#delayed -= 1;
        pass(head.chunk);
      }
    };
    return (chunk) => {
      if (this.#delayMs === 0 && waiting.length === 0) {
        pass(chunk);
        return;
      }
      this.#delayed += 1;
      waiting.push({ chunk, dueAt: performance.now() + this.#delayMs });
      if (waiting.length === 1) passDue();
    };
  }
}

function found(match: string | RegExp, chunk: Buffer): boolean {
  const text = chunk.toString('latin1');
  return typeof match === 'string' ? text.includes(match) : match.test(text);
}
