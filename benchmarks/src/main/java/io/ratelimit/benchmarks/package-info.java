/** Load runs on a real Redis: this library, a bare script call and other libraries take turns. */
@NullMarked
package io.ratelimit.benchmarks;

import org.jspecify.annotations.NullMarked;
