import type { EventListeners, Events, LeanMQEvents } from '../events.js';

/** Emits a `warning` on behalf of another LeanMQ package. */
export function reportWarning(events: EventListeners, warning: LeanMQEvents['warning'][0]): void {
  (events as EventListeners & Pick<Events, 'tell'>).tell('warning', () => warning);
}
