/**
 * Meters: what happens to limits, as timers, gauges and counters.
 */
@NullMarked
package io.ratelimit.metrics;

import org.jspecify.annotations.NullMarked;
