package io.ratelimit.engine;

/**
 * Where a permit counts besides the place that granted it: what the backend has granted counts in this instance's share too while the
 * backend is away, and what the share has granted counts at the backend too when that is back.
 *
 * @param place the place
 * @param shiftMicros how far the clock there is ahead of the one at the place that granted it
 * @param takesOver whether that place decides about the lease as soon as it knows the permit
 */
record Elsewhere(Place place, long shiftMicros, boolean takesOver) {}
