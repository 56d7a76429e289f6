/**
 * What needs classes that Spring Boot has in 3.5 only: health.
 */
@NullMarked
package io.ratelimit.boot3;

import org.jspecify.annotations.NullMarked;
