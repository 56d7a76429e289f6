package io.ratelimit.memory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who holds slots, and whose were taken back lately. Looks at every holder only when the earliest end that may be there has
 * come.
 */
final class Holders {

    private final Map<String, Holder> byPermit = new HashMap<>();

    private long earliestEnd = Long.MAX_VALUE;

    @Nullable
    Holder get(String permit) {
        return this.byPermit.get(permit);
    }

    int size() {
        return this.byPermit.size();
    }

    void put(Holder holder) {
        this.byPermit.put(holder.permit(), holder);
        this.earliestEnd = Math.min(this.earliestEnd, holder.leaseEnd());
    }

    void remove(String permit) {
        this.byPermit.remove(permit);
    }

    List<Holder> live() {
        return this.byPermit.values().stream()
                .filter((holder) -> !holder.isGone())
                .toList();
    }

    /** Removes whatever ends, and returns those that held slots. */
    List<Holder> removeOver(long now) {
        if (now < this.earliestEnd) {
            return List.of();
        }
        List<Holder> over = new ArrayList<>();
        this.byPermit.values().removeIf((holder) -> {
            boolean ended = now >= holder.leaseEnd();
            if (ended && !holder.isGone()) {
                over.add(holder);
            }
            return ended;
        });
        this.earliestEnd = this.byPermit.values().stream()
                .mapToLong(Holder::leaseEnd)
                .min()
                .orElse(Long.MAX_VALUE);
        return over;
    }

    /**
     * A permit that holds slots, or the memory of one that no longer does.
     *
     * @param permit its id
     * @param fence its fencing token; 0 for one that is gone
     * @param grantedAt when it was granted
     * @param leaseEnd when its slots are taken back unless it is renewed, never after {@code holdEnd}; of one that is gone, when
     *     that is forgotten
     * @param holdEnd when its slots are taken back all the same; 0: never
     * @param slots how much it holds, by the name of the limit
     */
    record Holder(String permit, long fence, long grantedAt, long leaseEnd, long holdEnd, Map<String, Long> slots) {

        static Holder gone(String permit, long until) {
            return new Holder(permit, 0, 0, until, 0, Map.of());
        }

        boolean isGone() {
            return this.fence == 0;
        }

        boolean isOverHeld(long now) {
            return this.holdEnd > 0 && now >= this.holdEnd;
        }

        Holder renewed(long newLeaseEnd) {
            return new Holder(this.permit, this.fence, this.grantedAt, newLeaseEnd, this.holdEnd, this.slots);
        }
    }
}
