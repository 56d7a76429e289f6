/** What an application sees of the starter, whichever line of Spring Boot it is on. */
@NullMarked
package io.ratelimit.compatibility;

import org.jspecify.annotations.NullMarked;
