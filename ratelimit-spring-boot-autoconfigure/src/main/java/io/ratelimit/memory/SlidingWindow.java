package io.ratelimit.memory;

import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * The exact sliding window: a log of events (the "sliding window log" of the literature) whose entries are joined once there
 * are many, which bounds it at 128 entries.
 *
 * <p>Invariant: the sum of the entries is never below the amount taken within the last window, so the limit holds in every
 * window. An entry counts from its latest event and a joined entry spans less than 1/64 of the window.
 */
final class SlidingWindow implements LimitState {

    private static final int EXACT_ENTRIES = 64;

    private final RateLimit limit;

    private final long windowMicros;

    private final Deque<Entry> entries;

    private long used;

    SlidingWindow(RateLimit limit) {
        this(limit, new ArrayDeque<>(), 0);
    }

    private SlidingWindow(RateLimit limit, Deque<Entry> entries, long used) {
        this.limit = limit;
        this.windowMicros = Micros.of(limit.window());
        this.entries = entries;
        this.used = used;
    }

    @Override
    public RateLimit limit() {
        return this.limit;
    }

    SlidingWindow changedTo(RateLimit changed) {
        return new SlidingWindow(changed, this.entries, this.used);
    }

    @Override
    public boolean advance(long now) {
        int before = this.entries.size();
        while (!this.entries.isEmpty() && now > leaves(this.entries.getFirst())) {
            this.used -= this.entries.removeFirst().amount;
        }
        return this.entries.size() < before;
    }

    @Override
    public long waitMicros(long amount, long now, long meanHoldMicros) {
        long missing = this.used + amount - this.limit.limit();
        long wait = 0;
        Iterator<Entry> oldestFirst = this.entries.iterator();
        while (missing > 0 && oldestFirst.hasNext()) {
            Entry entry = oldestFirst.next();
            missing -= entry.amount;
            wait = leaves(entry) + 1 - now;
        }
        return wait;
    }

    @Override
    public void take(long amount, long now) {
        Entry newest = this.entries.peekLast();
        if (newest != null && joins(newest, now)) {
            newest.latest = now;
            newest.amount += amount;
        } else {
            this.entries.addLast(new Entry(now, amount));
        }
        this.used += amount;
    }

    private boolean joins(Entry newest, long now) {
        return newest.latest == now
                || (this.entries.size() >= EXACT_ENTRIES && (now - newest.first) * EXACT_ENTRIES < this.windowMicros);
    }

    /** Gives back what was taken at a moment, unless that has left the window already. */
    void refund(long amount, long takenAt) {
        for (Entry entry : this.entries) {
            if (entry.first <= takenAt && takenAt <= entry.latest) {
                long refunded = Math.min(amount, entry.amount);
                entry.amount -= refunded;
                this.used -= refunded;
                return;
            }
        }
    }

    @Override
    public LimitStatus status(long now) {
        Entry oldest = this.entries.peekFirst();
        long reset = (oldest != null) ? leaves(oldest) + 1 - now : 0;
        return new LimitStatus(this.limit, this.used, Micros.toDuration(reset));
    }

    @Override
    public long idleAt() {
        Entry newest = this.entries.peekLast();
        return (newest != null) ? leaves(newest) + 1 : 0;
    }

    /** The last moment at which an entry counts: events exactly one window apart are both in a window. */
    private long leaves(Entry entry) {
        return entry.latest + this.windowMicros;
    }

    private static final class Entry {

        private final long first;

        private long latest;

        private long amount;

        private Entry(long now, long amount) {
            this.first = now;
            this.latest = now;
            this.amount = amount;
        }
    }
}
