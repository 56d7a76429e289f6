/**
 * Auto-configuration of limits in web applications.
 */
@NullMarked
package io.ratelimit.autoconfigure.web;

import org.jspecify.annotations.NullMarked;
