/** Payload of a benchmark message: about 200 bytes of JSON. */
export interface Order {
  /** Counts from 0 within a run. */
  readonly sequence: number;
  /** When it was meant to be sent, on the clock of `nowMs`; 0 where nobody asks. */
  readonly dueAt: number;
  readonly orderId: string;
  readonly customerId: string;
  readonly status: string;
  readonly total: number;
  readonly currency: string;
  readonly express: boolean;
  readonly note: string;
}

const NOTE = 'Leave it with the neighbours, ring twice; thank you';

export function makeOrder(sequence: number, dueAt = 0): Order {
  return {
    sequence,
    dueAt,
    orderId: `ORD-${1_000_000 + sequence}`,
    customerId: 'CUST-20931',
    status: 'shipped',
    total: 129.95,
    currency: 'EUR',
    express: true,
    note: NOTE,
  };
}
