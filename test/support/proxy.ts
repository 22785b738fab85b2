import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A client's connection and the one to Redis that belongs to it. */
interface Pair {
  client: Socket;
  upstream: Socket;
  /** Nothing is passed on any more, in either direction, and nobody is told. */
  halfOpen: boolean;
}

interface Ambush {
  match: string | RegExp;
  /** The pair whose request matched: its next reply is the one to swallow. */
  pair?: Pair;
  /** The client gets the first half of the reply. */
  half: boolean;
  fired: () => void;
}

/**
 * Stands between a client and Redis and does what networks do: cuts, stalls, loses replies.
 * Without a fault it passes bytes through unchanged.
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

  /** How many clients are connected now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** How often a client has connected so far, or has tried to in vain. */
  get attempts(): number {
    return this.#attempts;
  }

  /** How many chunks wait now because of a delay. */
  get delayed(): number {
    return this.#delayed;
  }

  /** Destroys all connections; new ones are accepted. */
  cut(): void {
    for (const pair of this.#pairs) this.#sever(pair);
  }

  /**
   * Existing connections stay open but carry nothing any more, not even the news that the other
   * side has hung up; new ones work. `cut()` ends them.
   */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.halfOpen = true;
  }

  /**
   * Requests reach Redis, but its answers do not come back.
   *
   * @param count how many chunks of answers are swallowed; by default all, until `dropReplies(0)`
   */
  dropReplies(count = Infinity): void {
    this.#repliesToDrop = count;
  }

  /**
   * Waits for a request that matches, lets Redis execute it, swallows the answer and destroys the
   * client's connection: the write whose outcome the client cannot know. Fires once.
   *
   * The match is tried on each chunk as it arrives. A command in one packet is one chunk.
   *
   * @param options.half the client gets the first half of the answer before its connection ends
   * @returns resolves when it has fired
   */
  cutAfterReplyTo(match: string | RegExp, { half = false } = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#ambushes.push({ match, half, fired: resolve });
    });
  }

  /** New connections are destroyed at once, as if nobody listened. */
  refuse(): void {
    this.#refusing = true;
  }

  accept(): void {
    this.#refusing = false;
  }

  /** Each chunk takes this much longer, in each direction; 0 ends it. Order is kept. */
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
        // On a half-open connection neither side hears that the other one is gone.
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

  /** @param politely what was written to the client still gets there */
  #sever(pair: Pair, politely = false): void {
    if (!this.#pairs.delete(pair)) return;
    if (politely) pair.client.destroySoon();
    else pair.client.destroy();
    pair.upstream.destroy();
  }

  /** Delays each chunk; one never overtakes another, even when the delay is changed meanwhile. */
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
