// The package's own clock, as the tests of the package use it.
import { virtualClock as clockFrom } from "modelwire/testing";

export function virtualClock(now = 0) {
  const clock = clockFrom(now);
  /** Until nothing happens any more without time. */
  return Object.defineProperties(clock, { idle: { value: () => clock.advance(0) } });
}
