/**
 * Registers the actuator endpoint where it is exposed.
 */
@NullMarked
package io.ratelimit.autoconfigure.actuate;

import org.jspecify.annotations.NullMarked;
