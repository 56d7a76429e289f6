/**
 * Limits in Spring WebFlux: the exchange as the surroundings of subscriptions, and answers to refusals.
 */
@NullMarked
package io.ratelimit.web.reactive;

import org.jspecify.annotations.NullMarked;
