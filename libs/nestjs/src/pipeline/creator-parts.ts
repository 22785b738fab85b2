import type { CanActivate } from '@nestjs/common';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';

import type { Method } from './callback.js';

/** Private parts of Nest's context creator, the same in Nest 11 and 12. */
interface CreatorParts {
  readonly guardsContextCreator: {
    create(
      instance: object,
      method: Method,
      moduleKey: string,
      contextId?: ContextId,
      inquirerId?: string,
    ): CanActivate[];
  };
  readonly guardsConsumer: {
    tryActivate(
      guards: readonly CanActivate[],
      args: readonly unknown[],
      instance: object,
      method: Method,
      contextType: string,
    ): Promise<boolean>;
  };
  readonly contextUtils: {
    getContextFactory(
      contextType: string,
      instance: object,
      method: Method,
    ): NonNullable<Parameters<ExternalContextCreator['exchangeKeysForValues']>[6]>;
  };
}

export function partsOf(creator: ExternalContextCreator): CreatorParts {
  return creator as unknown as CreatorParts;
}
