import type { LeanMQOptions } from '@leanmq/core';
import type {
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Type,
} from '@nestjs/common';

/** What `new LeanMQ()` takes, and what is Nest's. The defaults are the core's. */
export interface LeanMQModuleOptions extends LeanMQOptions {
  /** Whether every module can inject what this one exports without importing it; true unless told. */
  readonly isGlobal?: boolean;
  /**
   * Whether deliveries begin when the application has started; true unless told. Without it the handlers are registered,
   * and `processOnce()` or `start()` of the injected `LeanMQ` has them run: for a cron job, say.
   */
  readonly autoStart?: boolean;
  /**
   * What to do about a class with handlers that no module provides: such a handler is never called. Unless it is given,
   * an `error` at start in the only application of a process, and elsewhere (several applications, tests) a `warn`ing.
   * `ignore` is for code that several services share.
   */
  readonly unprovidedHandlers?: 'error' | 'warn' | 'ignore';
  /** Whether what matters is written to Nest's log, with the context `LeanMQ`; true unless told. */
  readonly logger?: boolean;
}

/** Those that are known only when the application starts. */
export type LeanMQLateOptions = Omit<LeanMQModuleOptions, 'isGlobal'>;

/** Makes the options; for `useClass` and `useExisting`. */
export interface LeanMQOptionsFactory {
  createLeanMQOptions(): LeanMQLateOptions | Promise<LeanMQLateOptions>;
}

interface LeanMQModuleAsyncBase extends Pick<ModuleMetadata, 'imports'> {
  /** Whether every module can inject what this one exports without importing it; true unless told. */
  readonly isGlobal?: boolean;
}

/** One of `useFactory`, `useClass` and `useExisting`. */
export type LeanMQModuleAsyncOptions = LeanMQModuleAsyncBase &
  (
    | {
        /** What it returns, or resolves to, are the options. */
        readonly useFactory: (
          // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected, in its own types
          ...args: any[]
        ) => LeanMQLateOptions | Promise<LeanMQLateOptions>;
        readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
      }
    | { readonly useClass: Type<LeanMQOptionsFactory> }
    | { readonly useExisting: InjectionToken<LeanMQOptionsFactory> }
  );

/** Where the options are kept. */
export const LEANMQ_OPTIONS = Symbol('LEANMQ_OPTIONS');
