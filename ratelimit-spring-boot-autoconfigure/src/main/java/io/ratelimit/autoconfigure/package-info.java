/**
 * Makes beans of properties: the registry of resources, the backend, the engine and the annotations.
 */
@NullMarked
package io.ratelimit.autoconfigure;

import org.jspecify.annotations.NullMarked;
