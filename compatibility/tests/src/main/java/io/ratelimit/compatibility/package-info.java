/** An application with the starter, and what it has to see of it, whichever line of Spring Boot it is on. */
@NullMarked
package io.ratelimit.compatibility;

import org.jspecify.annotations.NullMarked;
