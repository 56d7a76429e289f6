/**
 * The Redis backend and its Lua.
 */
@NullMarked
package io.ratelimit.redis;

import org.jspecify.annotations.NullMarked;
