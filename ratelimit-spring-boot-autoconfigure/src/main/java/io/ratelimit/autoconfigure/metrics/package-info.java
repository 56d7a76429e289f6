/**
 * Registers the meters where there is a meter registry.
 */
@NullMarked
package io.ratelimit.autoconfigure.metrics;

import org.jspecify.annotations.NullMarked;
