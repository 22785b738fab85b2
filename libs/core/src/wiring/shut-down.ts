import type { Engine } from './engine.js';
import type { Service } from './service.js';

/** Stops consuming, lets pending sends finish and closes every connection. */
export async function shutDown(engine: Engine, service: Service): Promise<void> {
  engine.isClosing = true;
  // Fail the callers that still wait for the first connection.
  if (!engine.isConnected) engine.connections.closeAll();
  await service.stop().catch((error: unknown) => engine.fault('stop', error));
  await service.closePullers().catch((error: unknown) => engine.fault('stop', error));
  await service.eraseNote();
  await engine.shutDown();
}
