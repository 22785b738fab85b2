export { SteppingClock } from '../../tools/redis/stepping-clock.mjs';
