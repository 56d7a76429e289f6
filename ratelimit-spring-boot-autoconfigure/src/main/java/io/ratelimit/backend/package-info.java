/**
 * The SPI of backends: partitions, the operations on them, and their replies.
 */
@NullMarked
package io.ratelimit.backend;

import org.jspecify.annotations.NullMarked;
