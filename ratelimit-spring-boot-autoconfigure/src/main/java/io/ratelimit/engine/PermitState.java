package io.ratelimit.engine;

/**
 * The life of a permit: open, then closed or lost, never back.
 */
enum PermitState {
    OPEN,
    CLOSED,
    LOST
}
