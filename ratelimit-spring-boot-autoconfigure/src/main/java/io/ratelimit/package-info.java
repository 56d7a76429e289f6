/** What users name: the limiter, its requests and permits, limits, exceptions and listeners. */
@NullMarked
package io.ratelimit;

import org.jspecify.annotations.NullMarked;
