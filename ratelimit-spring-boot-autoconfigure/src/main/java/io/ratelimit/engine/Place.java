package io.ratelimit.engine;

import io.ratelimit.backend.Partition;

/**
 * A partition, and the way to where it lives.
 *
 * @param route the way
 * @param partition the partition
 */
record Place(Route route, Partition partition) {}
