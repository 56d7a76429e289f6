/**
 * Annotated methods: how annotations are read, expressions evaluated, calls advised, and how long a slot lasts.
 */
@NullMarked
package io.ratelimit.aop;

import org.jspecify.annotations.NullMarked;
