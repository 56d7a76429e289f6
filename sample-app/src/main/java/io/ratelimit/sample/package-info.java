/**
 * A small web application that limits what it does, across all of its instances.
 */
@NullMarked
package io.ratelimit.sample;

import org.jspecify.annotations.NullMarked;
