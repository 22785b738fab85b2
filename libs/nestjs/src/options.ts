import type { LeanMQOptions } from '@leanmq/core';
import type {
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Type,
} from '@nestjs/common';

/** Options of `new LeanMQ()`, with the core's defaults, and the options of the Nest module. */
export interface LeanMQModuleOptions extends LeanMQOptions {
  /** Makes the exports available in every module without an import. @default true */
  readonly isGlobal?: boolean;
  /**
   * Starts deliveries once the application has started. When false, handlers are only registered, and run by `processOnce()`
   * or `start()` of the injected `LeanMQ`, in a cron job for example. @default true
   */
  readonly autoStart?: boolean;
  /**
   * Reaction to a class with handlers that no module provides: its handlers would never be called. The default is `error` at
   * start in the only application of a process, and `warn` elsewhere (several applications, tests). Use `ignore` for code that
   * several services share.
   */
  readonly unprovidedHandlers?: 'error' | 'warn' | 'ignore';
  /** Writes important events to Nest's log, with the context `LeanMQ`. @default true */
  readonly logger?: boolean;
}

/** Options that may be determined when the application starts. */
export type LeanMQLateOptions = Omit<LeanMQModuleOptions, 'isGlobal'>;

/** Class that creates the options, for `useClass` and `useExisting`. */
export interface LeanMQOptionsFactory {
  createLeanMQOptions(): LeanMQLateOptions | Promise<LeanMQLateOptions>;
}

interface LeanMQModuleAsyncBase extends Pick<ModuleMetadata, 'imports'> {
  /** Makes the exports available in every module without an import. @default true */
  readonly isGlobal?: boolean;
}

/** Options of `forRootAsync()`: exactly one of `useFactory`, `useClass` and `useExisting`. */
export type LeanMQModuleAsyncOptions = LeanMQModuleAsyncBase &
  (
    | {
        /** Returns the options, or a promise of them. */
        readonly useFactory: (
          // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected, in its own types
          ...args: any[]
        ) => LeanMQLateOptions | Promise<LeanMQLateOptions>;
        readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
      }
    | { readonly useClass: Type<LeanMQOptionsFactory> }
    | { readonly useExisting: InjectionToken<LeanMQOptionsFactory> }
  );

/** Injection token of the options. */
export const LEANMQ_OPTIONS = Symbol('LEANMQ_OPTIONS');
