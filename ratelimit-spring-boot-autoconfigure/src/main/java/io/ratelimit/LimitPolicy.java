package io.ratelimit;

/** What happens to an acquisition when a limit has no room for it. */
public enum LimitPolicy {

    /** The resource's own policy decides; a resource without one rejects. */
    INHERIT,

    /** The acquisition is refused at once. */
    REJECT,

    /** The acquisition waits its turn, first come first served, and is refused when its longest wait has passed. */
    BLOCK,

    /** The call goes on without a permit, and what would have been a refusal is counted. */
    OBSERVE
}
