package io.ratelimit.memory;

/**
 * What is known of a permit.
 */
sealed interface PermitRecord {

    String permit();

    /** Returns when it is over unless it is renewed. */
    long end();

    /**
     * A permit that holds slots, or one of rates alone whose caller may not have heard of it yet.
     *
     * @param permit its id
     * @param fence its fencing token
     * @param grantedAt when it was granted
     * @param end when its slots are taken back unless it is renewed, never after {@code holdEnd}
     * @param holdEnd when its slots are taken back all the same
     * @param slots how much it holds; 0 for rate limits
     */
    record Holder(String permit, long fence, long grantedAt, long end, long holdEnd, Amounts slots)
            implements PermitRecord {

        boolean hasSlots() {
            return !this.slots.areZero();
        }

        boolean isOverHeld(long now) {
            return now >= this.holdEnd;
        }

        Holder renewed(long newEnd) {
            return new Holder(this.permit, this.fence, this.grantedAt, newEnd, this.holdEnd, this.slots);
        }

        Holder holding(Amounts otherSlots) {
            return new Holder(this.permit, this.fence, this.grantedAt, this.end, this.holdEnd, otherSlots);
        }
    }

    /**
     * The memory of a permit that is over, against calls about it that are still under way.
     *
     * @param permit its id
     * @param end when it is forgotten
     */
    record Tombstone(String permit, long end) implements PermitRecord {}
}
