package io.ratelimit.memory;

import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The exact sliding window: a log of events (the "sliding window log" of the literature) whose entries are joined once there
 * are many, which bounds it at 128 entries.
 *
 * <p>Debt is paid with the room of entries that leave: it becomes an entry of the moment at which they have left.
 *
 * <p>Invariants: the sum of the entries is never below the amount taken within the last window, so the limit holds in every
 * window. An entry counts from its latest event and a joined entry spans less than 1/64 of the window. There is debt only while the
 * entries leave no room.
 */
final class SlidingWindow implements RateState {

    private static final int EXACT_ENTRIES = 64;

    private final RateLimit limit;

    private final long windowMicros;

    private final Deque<Entry> entries;

    private long used;

    private long debt;

    SlidingWindow(RateLimit limit) {
        this(limit, new ArrayDeque<>(), 0, 0);
    }

    private SlidingWindow(RateLimit limit, Deque<Entry> entries, long used, long debt) {
        this.limit = limit;
        this.windowMicros = Micros.of(limit.window());
        this.entries = entries;
        this.used = used;
        this.debt = debt;
    }

    @Override
    public RateLimit limit() {
        return this.limit;
    }

    SlidingWindow changedTo(RateLimit changed) {
        return new SlidingWindow(changed, this.entries, this.used, this.debt);
    }

    @Override
    public boolean advance(long now) {
        boolean anyLeft = !this.entries.isEmpty() && now > leaves(this.entries.getFirst());
        if (anyLeft && now > leaves(this.entries.getLast())) {
            startAnew(this.entries.getLast().latest, now);
        }
        while (!this.entries.isEmpty() && now > leaves(this.entries.getFirst())) {
            Entry gone = this.entries.removeFirst();
            this.used -= gone.amount;
            payDebt(Math.max(leaves(gone) + 1, this.entries.getLast().latest));
        }
        return payDebt(now) || anyLeft;
    }

    /** All entries have left: had somebody looked, debt would have filled window after window since. */
    private void startAnew(long latest, long now) {
        long windows = (now - latest) / (this.windowMicros + 1);
        boolean paid = windows > RateState.windows(this.debt, this.limit.limit());
        this.debt = paid ? 0 : this.debt - this.limit.limit() * (windows - 1);
        this.entries.clear();
        this.used = 0;
        payDebt(latest + windows * (this.windowMicros + 1));
    }

    /** Takes for debt what room there is; returns whether there was some. */
    private boolean payDebt(long at) {
        long paid = Math.min(this.debt, this.limit.limit() - this.used);
        if (paid <= 0) {
            return false;
        }
        this.debt -= paid;
        take(paid, at);
        return true;
    }

    @Override
    public long waitMicros(long amount, long now, long meanHoldMicros) {
        long missing = this.used + this.debt + amount - this.limit.limit();
        long wait = 0;
        for (Entry entry : this.entries) {
            if (missing <= 0) {
                return wait;
            }
            missing -= entry.amount;
            wait = leaves(entry) + 1 - now;
        }
        if (missing <= 0 || this.debt == 0) {
            return wait;
        }
        long windows = RateState.windows(this.debt + amount, this.limit.limit());
        return this.entries.getLast().latest + windows * (this.windowMicros + 1) - now;
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

    @Override
    public void charge(long amount, long now) {
        long most = this.limit.limit() * RateState.mostWindows(this.limit);
        this.debt = Math.min(most, this.debt + amount);
        payDebt(now);
    }

    /**
     * Gives back what was charged at a moment, unless that moment has left the window already. Debt that was paid since stands in later entries, next
     * to what others took: of all that counts since that moment what leaves first is given back, so no other charge leaves too early.
     */
    @Override
    public boolean refund(long amount, long chargedAt, long now) {
        boolean counts = now - chargedAt <= this.windowMicros;
        long left = amount;
        for (Entry entry : this.entries) {
            if (counts && entry.latest >= chargedAt) {
                long part = Math.min(left, entry.amount);
                entry.amount -= part;
                this.used -= part;
                left -= part;
            }
        }
        long ofDebt = counts ? Math.min(left, this.debt) : 0;
        this.debt -= ofDebt;
        payDebt(now);
        return left - ofDebt < amount;
    }

    @Override
    public long used(long now) {
        return this.used;
    }

    @Override
    public long debt(long now) {
        return this.debt;
    }

    @Override
    public LimitStatus status(long now) {
        Entry oldest = this.entries.peekFirst();
        long reset = (oldest != null) ? leaves(oldest) + 1 - now : 0;
        return new LimitStatus(this.limit, this.used + this.debt, Micros.toDuration(reset));
    }

    @Override
    public long idleAt() {
        Entry newest = this.entries.peekLast();
        long windows = 1 + RateState.windows(this.debt, this.limit.limit());
        return (newest != null) ? newest.latest + windows * (this.windowMicros + 1) : 0;
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
