/** Several real JVMs on one real Redis: workers, the histories they leave, and what must hold of them. */
@NullMarked
package io.ratelimit.wholesystem;

import org.jspecify.annotations.NullMarked;
