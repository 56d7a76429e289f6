/** Classes of another package than the beans that extend them. */
@NullMarked
package io.ratelimit.aop.elsewhere;

import org.jspecify.annotations.NullMarked;
