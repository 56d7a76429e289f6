/**
 * The annotations that limit methods.
 */
@NullMarked
package io.ratelimit.annotation;

import org.jspecify.annotations.NullMarked;
