/** Real Redis servers for tests. */
@NullMarked
package io.ratelimit.testkit;

import org.jspecify.annotations.NullMarked;
