import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../support/children.js';
import type { HeardRequest, ReceiverSettings } from '../support/programs/receiver.js';

/** A receiver in a process of its own; `test/support/programs/receiver.ts` says how it behaves. */
export class Receiver {
  private questions = 0;

  private constructor(
    private readonly child: Child,
    readonly port: number,
    readonly tlsPort: number,
  ) {}

  static async start(settings: ReceiverSettings = {}): Promise<Receiver> {
    const child = Child.start('receiver', settings);
    const listening = await child.says((message) => kindOf(message) === 'listening');
    const [, port, tlsPort] = listening as [string, number, number];
    return new Receiver(child, port, tlsPort);
  }

  url(path: string, host = '127.0.0.1'): string {
    return `http://${host}:${this.port}${path}`;
  }

  tlsUrl(path: string, host = 'localhost'): string {
    return `https://${host}:${this.tlsPort}${path}`;
  }

  /** Requests that it was sent to a path until now, the query a part of it. */
  async heard(path: string): Promise<readonly HeardRequest[]> {
    // What it says comes in order: with this answer, all that it has heard before is here.
    await this.sockets();
    return this.child.messages
      .filter((message) => kindOf(message) === 'request')
      .map((message) => (message as [string, HeardRequest])[1])
      .filter(({ url }) => url.startsWith(path));
  }

  /** Connections that are open now, and that were opened in all. */
  async sockets(): Promise<{ open: number; opened: number }> {
    const question = `sockets ${(this.questions += 1)}`;
    this.child.send(question);
    const said = await this.child.says((message) => kindOf(message) === question);
    const [, open, opened] = said as [string, number, number];
    return { open, opened };
  }

  async stop(): Promise<void> {
    await this.child.kill();
  }
}

function kindOf(message: unknown): unknown {
  return Array.isArray(message) ? message[0] : undefined;
}

/** An authority and certificates that it signed, made for one test run by openssl. */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  readonly expired: { readonly cert: string; readonly key: string };
  readonly wrongHost: { readonly cert: string; readonly key: string };
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'leanmq-certificates-'));
  const openssl = (...args: string[]): unknown =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const issue = (
    name: string,
    host: string,
    validity: readonly string[] = ['-days', '2'],
  ): { cert: string; key: string } => {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=DNS:${host}`);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['-CAcreateserial', '-out', `${name}.pem`, '-extfile', `${name}.ext`, ...validity],
    );
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  };
  try {
    openssl(
      ...['req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA'],
      ...['-days', '2'],
    );
    return {
      ca: read('ca.pem'),
      server: issue('server', 'localhost'),
      client: issue('client', 'client.example'),
      expired: issue('expired', 'localhost', ['-days', '-1']),
      wrongHost: issue('wrong-host', 'elsewhere.example'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
