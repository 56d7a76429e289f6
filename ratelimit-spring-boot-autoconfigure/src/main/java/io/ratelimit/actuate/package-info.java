/**
 * The actuator endpoint: definitions and live numbers of limits.
 */
@NullMarked
package io.ratelimit.actuate;

import org.jspecify.annotations.NullMarked;
