import { describe, expect, it, test } from '@jest/globals';

import { WebhookInputError } from '../input-error.js';
import type { EgressOptions } from './egress-options.js';
import { egressPolicy, judgeTarget } from './judge-target.js';
import { parseWebhookUrl, targetOf } from './webhook-url.js';

/** Reads and judges a URL, as one whose name has the given addresses. */
function refusal(
  url: string,
  options: EgressOptions = {},
  addresses: readonly string[] = [],
): WebhookInputError | undefined {
  try {
    judgeTarget(egressPolicy(options), targetOf(parseWebhookUrl(url)), addresses);
    return undefined;
  } catch (error) {
    if (error instanceof WebhookInputError) return error;
    throw error;
  }
}

describe('a literal address', () => {
  test.each<[url: string, range: string]>([
    ['https://0.0.0.0/', '0.0.0.0/8'],
    ['https://0/', '0.0.0.0/8'],
    ['https://10.0.0.1/', '10.0.0.0/8'],
    ['https://100.64.0.1/', '100.64.0.0/10'],
    ['https://100.127.255.255/', '100.64.0.0/10'],
    ['https://127.0.0.1/', '127.0.0.0/8'],
    ['https://127.1/', '127.0.0.0/8'],
    ['https://127.0.0.1./', '127.0.0.0/8'],
    ['https://2130706433/', '127.0.0.0/8'],
    ['https://0x7f000001/', '127.0.0.0/8'],
    ['https://0x7f.0.0.0x1/', '127.0.0.0/8'],
    ['https://0177.0.0.1/', '127.0.0.0/8'],
    ['https://017700000001/', '127.0.0.0/8'],
    ['https://①②⑦.⓪.⓪.①/', '127.0.0.0/8'],
    ['https://127。0。0。1/', '127.0.0.0/8'],
    ['https://%31%32%37.0.0.1/', '127.0.0.0/8'],
    ['https:127.0.0.1', '127.0.0.0/8'],
    ['https:\\\\127.0.0.1\\', '127.0.0.0/8'],
    ['HTTPS://127.0.0.1:8443/', '127.0.0.0/8'],
    ['https://169.254.169.254/latest/meta-data/', '169.254.0.0/16'],
    ['https://172.16.0.1/', '172.16.0.0/12'],
    ['https://172.31.255.255/', '172.16.0.0/12'],
    ['https://192.0.0.8/', '192.0.0.0/24'],
    ['https://192.0.2.1/', '192.0.2.0/24'],
    ['https://192.31.196.1/', '192.31.196.0/24'],
    ['https://192.52.193.1/', '192.52.193.0/24'],
    ['https://192.88.99.1/', '192.88.99.0/24'],
    ['https://192.168.1.1/', '192.168.0.0/16'],
    ['https://192.175.48.1/', '192.175.48.0/24'],
    ['https://198.18.0.1/', '198.18.0.0/15'],
    ['https://198.19.255.255/', '198.18.0.0/15'],
    ['https://198.51.100.1/', '198.51.100.0/24'],
    ['https://203.0.113.1/', '203.0.113.0/24'],
    ['https://224.0.0.1/', '224.0.0.0/4'],
    ['https://239.255.255.255/', '224.0.0.0/4'],
    ['https://240.0.0.1/', '240.0.0.0/4'],
    ['https://255.255.255.255/', '255.255.255.255/32'],
    ['https://[::]/', '::/128'],
    ['https://[::1]/', '::1/128'],
    ['https://[0:0:0:0:0:0:0:1]/', '::1/128'],
    ['https://[100::1]/', '100::/64'],
    ['https://[100:0:0:1::1]/', '100:0:0:1::/64'],
    ['https://[2001:1::1]/', '2001::/23'],
    ['https://[2001:2::1]/', '2001:2::/48'],
    ['https://[2001:3::1]/', '2001:3::/32'],
    ['https://[2001:4:112::1]/', '2001:4:112::/48'],
    ['https://[2001:10::1]/', '2001:10::/28'],
    ['https://[2001:20::1]/', '2001:20::/28'],
    ['https://[2001:30::1]/', '2001:30::/28'],
    ['https://[2001:1ff::1]/', '2001::/23'],
    ['https://[2001:db8::1]/', '2001:db8::/32'],
    ['https://[2620:4f:8000::1]/', '2620:4f:8000::/48'],
    ['https://[3fff::1]/', '3fff::/20'],
    ['https://[3fff:fff::1]/', '3fff::/20'],
    ['https://[5f00::1]/', '5f00::/16'],
    ['https://[fc00::1]/', 'fc00::/7'],
    ['https://[fd00:ec2::254]/', 'fc00::/7'],
    ['https://[fe80::1]/', 'fe80::/10'],
    ['https://[fec0::1]/', 'fec0::/10'],
    ['https://[ff02::1]/', 'ff00::/8'],
    ['https://[4000::1]/', '::/0'],
    ['https://[1::1]/', '::/0'],
    ['https://[::ffff:127.0.0.1]/', '127.0.0.0/8'],
    ['https://[::ffff:a9fe:a9fe]/', '169.254.0.0/16'],
    ['https://[::127.0.0.1]/', '127.0.0.0/8'],
    ['https://[::ffff:0:10.0.0.1]/', '10.0.0.0/8'],
    ['https://[64:ff9b::127.0.0.1]/', '127.0.0.0/8'],
    ['https://[64:ff9b::a9fe:a9fe]/', '169.254.0.0/16'],
    ['https://[64:ff9b:1::10.0.0.1]/', '10.0.0.0/8'],
    ['https://[64:ff9b:1:7f00:0:100::]/', '127.0.0.0/8'],
    ['https://[64:ff9b:1:7f00:0:108:808:808]/', '127.0.0.0/8'],
    ['https://[64:ff9b:1:7f:0:1:808:808]/', '127.0.0.0/8'],
    ['https://[64:ff9b:1:0:7f:0:108:808]/', '127.0.0.0/8'],
    ['https://[64:ff9b:1::]/', '0.0.0.0/8'],
    ['https://[2002:7f00:1::1]/', '127.0.0.0/8'],
    ['https://[2002:a9fe:a9fe::]/', '169.254.0.0/16'],
    // Teredo: the server is 10.0.0.1, then the client is 10.0.0.1, inverted.
    ['https://[2001:0:a00:1:0:0:f7f7:f7f7]/', '10.0.0.0/8'],
    ['https://[2001:0:808:808:0:0:f5ff:fffe]/', '10.0.0.0/8'],
  ])('%s is refused with its range %s', (url, range) => {
    const error = refusal(url);
    expect(error).toMatchObject({ code: 'ADDRESS_BLOCKED', field: 'url' });
    expect(error?.message).toContain(` ${range} `);
    expect(error?.message).toContain('"egress.allow"');
    // A name is not safer than a literal.
    const { hostname } = new URL(url);
    const literal = hostname.replace(/^\[|\]$/g, '');
    expect(refusal('https://name.example/', {}, ['8.8.8.8', literal])?.message).toContain(range);
  });

  test.each([
    'https://8.8.8.8/',
    'https://1.1.1.1:8443/hooks?a=b',
    'https://100.63.255.255/',
    'https://100.128.0.0/',
    'https://172.15.255.255/',
    'https://172.32.0.0/',
    'https://192.0.1.0/',
    'https://198.17.255.255/',
    'https://223.255.255.255/',
    'https://[2001:200::1]/',
    'https://[2606:4700:4700::1111]/',
    'https://[2a00:1450:4001::1]/',
    'https://[64:ff9b::8.8.8.8]/',
    'https://[64:ff9b:1::8.8.8.8]/',
    'https://[64:ff9b:1:808:8:800::]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[2002:808:808::1]/',
    'https://[2001:0:808:808::f7f7:f7f7]/',
  ])('%s is allowed', (url) => {
    expect(refusal(url)).toBeUndefined();
  });
});

describe('the list "allow"', () => {
  test.each<[entry: string, url: string, addresses: string[]]>([
    ['10.0.0.0/8', 'https://10.1.2.3/', []],
    ['10.1.2.3', 'https://10.1.2.3/', []],
    ['10.0.0.0/8', 'https://[::ffff:10.1.2.3]/', []],
    ['10.0.0.0/8', 'https://[64:ff9b::10.1.2.3]/', []],
    ['10.0.0.0/8', 'https://name.example/', ['10.1.2.3']],
    ['fd00::/8', 'https://[fd00::1]/', []],
    ['fd00::1', 'https://[fd00::1]/', []],
    ['hooks.internal', 'https://hooks.internal/', ['10.1.2.3']],
    ['hooks.internal', 'https://HOOKS.internal./', ['10.1.2.3']],
    ['Hooks.Internal.', 'https://hooks.internal/', ['10.1.2.3']],
    ['*.internal', 'https://a.b.internal/', ['10.1.2.3']],
    ['bücher.internal', 'https://xn--bcher-kva.internal/', ['10.1.2.3']],
  ])('with %s lets %s pass', (entry, url, addresses) => {
    expect(refusal(url, {}, addresses)?.code).toBe('ADDRESS_BLOCKED');
    expect(refusal(url, { allow: [entry] }, addresses)).toBeUndefined();
  });

  test.each<[entry: string, url: string, addresses: string[]]>([
    ['10.0.0.0/16', 'https://10.1.2.3/', []],
    ['64:ff9b::/96', 'https://[64:ff9b::10.1.2.3]/', []],
    ['0.0.0.0/0', 'https://[fd00::1]/', []],
    ['hooks.internal', 'https://a.hooks.internal/', ['10.1.2.3']],
    ['*.internal', 'https://internal/', ['10.1.2.3']],
    ['*.internal', 'https://evilinternal/', ['10.1.2.3']],
    ['10.1.2.3', 'https://name.example/', ['10.1.2.3', '10.1.2.4']],
  ])('with %s does not let %s pass', (entry, url, addresses) => {
    expect(refusal(url, { allow: [entry] }, addresses)?.code).toBe('ADDRESS_BLOCKED');
  });
});

describe('the list "deny"', () => {
  test.each<[entry: string, url: string, addresses: string[], code: string]>([
    ['8.8.8.0/24', 'https://8.8.8.8/', [], 'ADDRESS_BLOCKED'],
    ['8.8.8.0/24', 'https://[64:ff9b::8.8.8.8]/', [], 'ADDRESS_BLOCKED'],
    ['64:ff9b::/96', 'https://[64:ff9b::8.8.8.8]/', [], 'ADDRESS_BLOCKED'],
    ['8.8.8.0/24', 'https://name.example/', ['1.1.1.1', '8.8.8.8'], 'ADDRESS_BLOCKED'],
    ['name.example', 'https://name.example./', [], 'HOST_BLOCKED'],
    ['*.example', 'https://name.example/', [], 'HOST_BLOCKED'],
  ])('with %s refuses %s, whatever is allowed', (entry, url, addresses, code) => {
    const allow = ['0.0.0.0/0', '::/0', '*.example'];
    const error = refusal(url, { allow, deny: [entry] }, addresses);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain('"egress.deny"');
  });
});

describe('a URL', () => {
  test.each<[url: string, code: string, said: string]>([
    ['', 'URL_MALFORMED', 'https://example.com/hooks'],
    ['example.com/hooks', 'URL_MALFORMED', 'absolute'],
    ['https://', 'URL_MALFORMED', 'absolute'],
    ['https://[::1', 'URL_MALFORMED', 'absolute'],
    ['https://1.2.3.4.5/', 'URL_MALFORMED', 'absolute'],
    ['https://256.1.1.1/', 'URL_MALFORMED', 'absolute'],
    ['https://[fe80::1%25eth0]/', 'URL_MALFORMED', 'absolute'],
    ['https://example.com:99999/', 'URL_MALFORMED', 'absolute'],
    [' https://example.com/', 'URL_MALFORMED', 'a space or a control character'],
    ['https://exam\nple.com/', 'URL_MALFORMED', 'a space or a control character'],
    ['https://example.com/\u0000', 'URL_MALFORMED', 'a space or a control character'],
    [`https://example.com/${'a'.repeat(4_096)}`, 'URL_MALFORMED', '4096'],
    ['http://example.com/', 'URL_SCHEME', '"egress.allowHttp"'],
    ['ftp://example.com/', 'URL_SCHEME', 'use https'],
    ['ws://example.com/', 'URL_SCHEME', 'use https'],
    ['https://example.com:0/', 'URL_PORT', '1 to 65535'],
    ['https://user@example.com/', 'URL_CREDENTIALS', '"auth.basic"'],
    ['https://user:hunter2@example.com/', 'URL_CREDENTIALS', '"auth.basic"'],
  ])('%j is refused with %s', (url, code, said) => {
    const error = refusal(url);
    expect(error).toMatchObject({ code, field: 'url' });
    expect(error?.message).toContain(said);
    expect(error?.message).not.toContain('hunter2');
  });

  test.each(['file:///etc/passwd', 'data:text/plain,a', 'javascript:alert(1)', 'unix:/run/x'])(
    '%s is refused',
    (url) => {
      expect(refusal(url)?.code).toMatch(/^URL_(MALFORMED|SCHEME)$/);
    },
  );

  it('may be http when that is allowed', () => {
    expect(refusal('http://8.8.8.8/', { allowHttp: true })).toBeUndefined();
    expect(refusal('ftp://8.8.8.8/', { allowHttp: true })?.code).toBe('URL_SCHEME');
  });

  it('may have the listed ports only, the default one included', () => {
    const options = { ports: [443, 8443] };
    expect(refusal('https://8.8.8.8/', options)).toBeUndefined();
    expect(refusal('https://8.8.8.8:8443/', options)).toBeUndefined();
    const error = refusal('https://8.8.8.8:22/', options);
    expect(error?.message).toBe('The URL has port 22; allowed: 443, 8443 ("egress.ports").');
  });

  it('is the same in any spelling', () => {
    expect(parseWebhookUrl('HTTPS://EXAMPLE.com:443/a/../b#part').href).toBe(
      'https://example.com/b',
    );
  });
});

describe('a list of "egress"', () => {
  test.each<[unknown, named: string]>([
    ['10.0.0.0/8', 'egress.allow'],
    [[5], 'egress.allow[0]'],
    [['10.0.0.0/8', '10.0.0.0/33'], 'egress.allow[1]'],
    [['10.1/16'], 'egress.allow[0]'],
    [['010.0.0.0/8'], 'egress.allow[0]'],
    [['fe80::1%eth0'], 'egress.allow[0]'],
    [['::/129'], 'egress.allow[0]'],
    [['10.0.0.0/8/8'], 'egress.allow[0]'],
    [['*'], 'egress.allow[0]'],
    [['*.'], 'egress.allow[0]'],
    [['a.*.internal'], 'egress.allow[0]'],
    [['https://a.internal'], 'egress.allow[0]'],
    [[''], 'egress.allow[0]'],
  ])('%j is refused', (allow, named) => {
    const given = { allow } as EgressOptions;
    expect(() => egressPolicy(given)).toThrow(`Option "${named}" is `);
  });
});
