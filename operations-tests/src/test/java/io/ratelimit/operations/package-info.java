/**
 * The page in a real browser and the documented queries in a real Prometheus, both looking at a running sample.
 */
@NullMarked
package io.ratelimit.operations;

import org.jspecify.annotations.NullMarked;
