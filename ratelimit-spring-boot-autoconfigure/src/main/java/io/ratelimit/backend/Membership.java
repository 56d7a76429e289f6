package io.ratelimit.backend;

/**
 * What a backend knows of the instances that share it.
 *
 * @param liveInstances how many have given a sign of life lately, the asking one included
 * @param nowMicros the backend's clock, in microseconds since the epoch
 * @since 0.1.0
 */
public record Membership(int liveInstances, long nowMicros) {}
