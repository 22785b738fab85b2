import type {
  CallOptions,
  LeanMQ,
  PublishResult,
  Schedule,
  ScheduleSpec,
  Schedules,
} from '@leanmq/core';

/**
 * Recurring sends, as `schedules` of `LeanMQ`, but that a payload which is an instance of a class with class-validator
 * decorators is validated, as at `send`.
 */
export class WebhookSchedules {
  constructor(
    private readonly mq: LeanMQ,
    private readonly check: (data: unknown) => Promise<void> | undefined,
  ) {}

  /**
   * Makes a recurring send, or changes the one with this id. As long as its rule stays the same it stays due when it
   * was; with another rule it is due at the next instant of that from now on.
   *
   * @throws {InvalidMessageError} with `violations`, if the payload does not pass its class' validation
   * @throws {ConfigError | MessageError} for what is not acceptable
   */
  async upsert(spec: ScheduleSpec, call?: CallOptions): Promise<Schedule> {
    // What is no object is refused below.
    await this.check((Object(spec) as Partial<ScheduleSpec>).data);
    return this.schedules.upsert(spec, call);
  }

  /** All of them, by id. */
  list(call?: CallOptions): Promise<Schedule[]> {
    return this.schedules.list(call);
  }

  get(id: string, call?: CallOptions): Promise<Schedule | undefined> {
    return this.schedules.get(id, call);
  }

  /**
   * Ends a recurring send. What it has published stays.
   *
   * @returns whether there was one
   */
  remove(id: string, call?: CallOptions): Promise<boolean> {
    return this.schedules.remove(id, call);
  }

  /**
   * Publishes its message now, besides what its rule says. The message has an id of its own, like that of any send.
   *
   * @throws {ConfigError} if there is none with this id
   */
  runNow(id: string, call?: CallOptions): Promise<PublishResult> {
    return this.schedules.runNow(id, call);
  }

  private get schedules(): Schedules<PublishResult> {
    return this.mq.schedules;
  }
}
