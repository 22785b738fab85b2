import { describe, expect, it } from '@jest/globals';

import { check } from '../../apps/demo/src/check/check.js';
import { dueOf } from '../../apps/demo/src/check/due.js';
import {
  SERVICES,
  type AcceptedOrder,
  type Evidence,
  type Service,
} from '../../apps/demo/src/check/evidence.js';
import type { AccountLine } from '../../apps/shared/demo/account.js';
import type { EngineLine } from '../../apps/shared/demo/engine-record.js';

const SHIPPED: AcceptedOrder = { orderId: 'ORD-1', messageId: 'ORD-1:shipped', shipped: true };
const PLACED: AcceptedOrder = { orderId: 'ORD-2', messageId: 'ORD-2:placed', shipped: false };
const FIRST_PID = 100;

/** The demo's evidence, to be written line by line. */
class Draft implements Evidence {
  readonly accepted: AcceptedOrder[] = [];
  readonly records: Record<Service, { account: AccountLine[]; engine: EngineLine[] }> = {
    orders: { account: [], engine: [] },
    inventory: { account: [], engine: [] },
    notifications: { account: [], engine: [] },
  };
  readonly killedPids: number[] = [];
  readonly replayed = { orders: 0, inventory: 0, notifications: 0 };

  /** Orders that all went well, but for the messages that `except` names. */
  static of(orders: readonly AcceptedOrder[], except: readonly string[] = []): Draft {
    const draft = new Draft();
    draft.accepted.push(...orders);
    for (const { service, path, id } of dueOf(orders)) {
      draft.says('orders', { event: 'published', path, id });
      if (except.includes(`${service} ${path} ${id}`)) continue;
      draft.wrote(service, { deed: 'begin', path, id }).wrote(service, { deed: 'done', path, id });
      draft.says(service, { event: 'acked', path, id });
    }
    return draft;
  }

  wrote(service: Service, line: Partial<AccountLine>): this {
    this.records[service].account.push({
      deed: 'begin',
      path: 'order/status',
      id: SHIPPED.messageId,
      origin: `${line.path ?? 'order/status'} ${line.id ?? SHIPPED.messageId}`,
      orderId: 'ORD',
      attempt: 1,
      crashes: 0,
      replays: 0,
      pid: FIRST_PID,
      at: 0,
      ...line,
    });
    return this;
  }

  says(service: Service, line: Omit<EngineLine, 'pid'>): this {
    this.records[service].engine.push({ ...line, pid: FIRST_PID });
    return this;
  }
}

const STATUS = { path: 'order/status', id: SHIPPED.messageId };
const UPDATE = { path: 'inventory/update', id: SHIPPED.orderId };
const MAIL = { path: 'notification', id: SHIPPED.orderId };

describe('the demo finds nothing wrong', () => {
  it('with orders that went well', () => {
    const { tallies, problems } = check(Draft.of([SHIPPED, PLACED]));

    expect(problems).toEqual([]);
    expect(SERVICES.map((service) => tallies[service].delivered)).toEqual([2, 3, 3]);
    expect(tallies.orders.published).toBe(4);
  });

  it('with a retry that LeanMQ counts too', () => {
    const draft = Draft.of([SHIPPED], [`inventory ${UPDATE.path} ${UPDATE.id}`])
      .wrote('inventory', { ...UPDATE, deed: 'begin' })
      .wrote('inventory', { ...UPDATE, deed: 'failed' })
      .wrote('inventory', { ...UPDATE, deed: 'begin', attempt: 2 })
      .wrote('inventory', { ...UPDATE, deed: 'done', attempt: 2 })
      .says('inventory', { event: 'retried', ...UPDATE });
    const { tallies, problems } = check(draft);

    expect(problems).toEqual([]);
    expect(tallies.inventory).toMatchObject({ retried: 1, deadLettered: 0, delivered: 2 });
  });

  it('with a dead letter that was replayed', () => {
    const draft = Draft.of([SHIPPED], [`notifications ${MAIL.path} ${MAIL.id}`])
      .wrote('notifications', { ...MAIL, deed: 'begin' })
      .wrote('notifications', { ...MAIL, deed: 'failed' })
      .wrote('notifications', { ...MAIL, deed: 'begin', replays: 1 })
      .wrote('notifications', { ...MAIL, deed: 'done', replays: 1 })
      .says('notifications', { event: 'deadLettered', ...MAIL });
    draft.replayed.notifications = 1;
    const { tallies, problems } = check(draft);

    expect(problems).toEqual([]);
    expect(tallies.notifications).toMatchObject({ deadLettered: 1, replayed: 1, lost: 0 });
  });

  it('with a message that a killed process had done but not acked', () => {
    const draft = Draft.of([SHIPPED], [`inventory ${STATUS.path} ${STATUS.id}`])
      .wrote('inventory', { ...STATUS, deed: 'begin', pid: 666 })
      .wrote('inventory', { ...STATUS, deed: 'done', pid: 666 })
      .wrote('inventory', { ...STATUS, deed: 'begin', crashes: 1, attempt: 2 })
      .wrote('inventory', { ...STATUS, deed: 'done', crashes: 1, attempt: 2 });
    draft.killedPids.push(666);
    const { tallies, problems } = check(draft);

    expect(problems).toEqual([]);
    expect(tallies.inventory).toMatchObject({ takenOver: 1, duplicated: 1 });
  });
});

describe('the demo complains of', () => {
  it.each(dueOf([SHIPPED]))('a lost message: $service /$path/', ({ service, path, id }) => {
    const { tallies, problems } = check(Draft.of([SHIPPED, PLACED], [`${service} ${path} ${id}`]));

    expect(tallies[service].lost).toBe(1);
    expect(problems).toEqual([`${service}: /${path}/ ${id} was never done: lost`]);
  });

  it('a message that was begun and never ended', () => {
    const draft = Draft.of([SHIPPED], [`orders ${STATUS.path} ${STATUS.id}`]).wrote(
      'orders',
      STATUS,
    );

    expect(check(draft).problems).toEqual([
      expect.stringContaining('was never done: lost'),
      expect.stringContaining('never ended it'),
    ]);
  });

  it('a message that was done twice, although no process was killed', () => {
    const draft = Draft.of([SHIPPED])
      .wrote('inventory', { ...UPDATE, deed: 'begin', attempt: 2, crashes: 1 })
      .wrote('inventory', { ...UPDATE, deed: 'done', attempt: 2, crashes: 1 });
    const { tallies, problems } = check(draft);

    expect(tallies.inventory.duplicated).toBe(1);
    expect(problems).toEqual([expect.stringContaining('was done 2 times')]);
  });

  it('a message that was done again after the killed process had acked it', () => {
    const draft = Draft.of([SHIPPED])
      .wrote('inventory', { ...UPDATE, deed: 'begin', attempt: 2, crashes: 1, pid: 101 })
      .wrote('inventory', { ...UPDATE, deed: 'done', attempt: 2, crashes: 1, pid: 101 });
    draft.killedPids.push(FIRST_PID);

    expect(check(draft).problems).toEqual([expect.stringContaining('was done 2 times')]);
  });

  it('a message that is on the log twice', () => {
    const draft = Draft.of([SHIPPED])
      .wrote('notifications', { ...MAIL, deed: 'begin', origin: '2-0' })
      .wrote('notifications', { ...MAIL, deed: 'done', origin: '2-0' });

    expect(check(draft).problems).toContainEqual(expect.stringContaining('was published 2 times'));
  });

  it('a message that follows from no order', () => {
    const draft = Draft.of([PLACED])
      .wrote('notifications', { ...MAIL, deed: 'begin' })
      .wrote('notifications', { ...MAIL, deed: 'done' });

    expect(check(draft).problems).toEqual([expect.stringContaining('no accepted order')]);
  });

  it('an accepted order that LeanMQ did not publish', () => {
    const draft = Draft.of([PLACED]);
    draft.records.orders.engine.length = 0;

    expect(check(draft).problems).toEqual([expect.stringContaining('was never published')]);
  });

  it.each(['retried', 'deadLettered'] as const)('a count of LeanMQ that is not so: %s', (event) => {
    const draft = Draft.of([SHIPPED]).says('inventory', { event, ...UPDATE });

    expect(check(draft).problems).toEqual([
      expect.stringMatching(/inventory: 0 .* by its own account, 1 by LeanMQ's/),
    ]);
  });

  it('a replay that did not come', () => {
    const draft = Draft.of([SHIPPED]);
    draft.replayed.orders = 1;

    expect(check(draft).problems).toEqual(["orders: 0 replays by its own account, 1 by LeanMQ's"]);
  });
});
