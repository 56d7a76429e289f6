/**
 * What an HTTP client learns of limits: the header fields of a response and the answer to a refusal, the same for every web
 * stack.
 */
@NullMarked
package io.ratelimit.web;

import org.jspecify.annotations.NullMarked;
