/**
 * What users name: the {@link io.ratelimit.Limiter}, requests, permits, limits, exceptions and listeners.
 */
@NullMarked
package io.ratelimit;

import org.jspecify.annotations.NullMarked;
