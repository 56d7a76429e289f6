/**
 * The state machine of a partition in Java, and the backend that keeps partitions in the memory of one JVM.
 */
@NullMarked
package io.ratelimit.memory;

import org.jspecify.annotations.NullMarked;
