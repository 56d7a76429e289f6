/** What the tests of all lines came to. */
@NullMarked
package io.ratelimit.compatibility.report;

import org.jspecify.annotations.NullMarked;
