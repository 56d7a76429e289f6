/** Annotated methods, on plain application contexts and a limiter that answers by script. */
@NullMarked
package io.ratelimit.aop;

import org.jspecify.annotations.NullMarked;
