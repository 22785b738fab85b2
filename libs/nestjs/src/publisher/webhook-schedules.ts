import type {
  CallOptions,
  LeanMQ,
  PublishResult,
  Schedule,
  ScheduleSpec,
  Schedules,
} from '@leanmq/core';

/**
 * Recurring sends, like `schedules` of `LeanMQ`, with the same validation of payloads as `send`.
 */
export class WebhookSchedules {
  constructor(
    private readonly mq: LeanMQ,
    private readonly check: (data: unknown) => Promise<void> | undefined,
  ) {}

  /**
   * Creates a recurring send, or updates the one with this id. With an unchanged rule the next instant stays the same; with
   * another rule it is that rule's next instant from now on.
   *
   * @throws {InvalidMessageError} with `violations`, if the payload fails the validation of its class
   * @throws {ConfigError | MessageError} for an invalid option or payload
   */
  async upsert(spec: ScheduleSpec, call?: CallOptions): Promise<Schedule> {
    // A value that is not an object is refused below.
    await this.check((Object(spec) as Partial<ScheduleSpec>).data);
    return this.schedules.upsert(spec, call);
  }

  /** Returns all recurring sends, ordered by id. */
  list(call?: CallOptions): Promise<Schedule[]> {
    return this.schedules.list(call);
  }

  get(id: string, call?: CallOptions): Promise<Schedule | undefined> {
    return this.schedules.get(id, call);
  }

  /**
   * Removes a recurring send. Messages that it has published stay.
   *
   * @returns true if it existed
   */
  remove(id: string, call?: CallOptions): Promise<boolean> {
    return this.schedules.remove(id, call);
  }

  /**
   * Publishes its message now, in addition to its rule. The message gets an id like any other send.
   *
   * @throws {ConfigError} if no recurring send has this id
   */
  runNow(id: string, call?: CallOptions): Promise<PublishResult> {
    return this.schedules.runNow(id, call);
  }

  private get schedules(): Schedules<PublishResult> {
    return this.mq.schedules;
  }
}
