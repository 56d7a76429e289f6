/**
 * Joins the API to a backend: acquiring, leases, what to do while the backend is away, and events.
 */
@NullMarked
package io.ratelimit.engine;

import org.jspecify.annotations.NullMarked;
