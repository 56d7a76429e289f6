/** An application that uses the starter. */
@NullMarked
package io.ratelimit.sample;

import org.jspecify.annotations.NullMarked;
