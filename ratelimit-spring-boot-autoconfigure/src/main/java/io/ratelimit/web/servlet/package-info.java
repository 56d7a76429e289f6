/**
 * Limits in a servlet application with Spring MVC: request data for expressions, header fields, and the answer to a refusal.
 */
@NullMarked
package io.ratelimit.web.servlet;

import org.jspecify.annotations.NullMarked;
