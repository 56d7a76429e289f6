package io.ratelimit.memory;

import io.ratelimit.backend.GrantListener;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Brings notices to the listeners of their instances: in the order they were posted, one at a time, and never one within another. A
 * listener whose call to the backend leads to more notices sees them after it has returned, so that a chain of grants does not grow the
 * stack. Thread-safe.
 */
final class NoticeDelivery {

    private static final Log logger = LogFactory.getLog(NoticeDelivery.class);

    private final Map<String, GrantListener> listeners = new ConcurrentHashMap<>();

    private final Queue<Notice> posted = new ConcurrentLinkedQueue<>();

    /** Calls of {@link #deliver} that have not been served: whoever makes it 1 serves them all, the others leave it to that thread. */
    private final AtomicLong wanted = new AtomicLong();

    void listen(String instance, GrantListener listener) {
        this.listeners.put(instance, listener);
    }

    /** Keeps a notice until {@link #deliver} is called; to be called under the lock that gives notices their order. */
    void post(Notice notice) {
        this.posted.add(notice);
    }

    /** Delivers what has been posted; to be called outside all locks. */
    void deliver() {
        if (this.posted.isEmpty() || this.wanted.getAndIncrement() > 0) {
            return;
        }
        long served = 1;
        while (served > 0) {
            for (Notice notice = this.posted.poll(); notice != null; notice = this.posted.poll()) {
                deliver(notice);
            }
            served = this.wanted.addAndGet(-served);
        }
    }

    private void deliver(Notice notice) {
        GrantListener listener = this.listeners.get(Ticket.instanceOf(notice.ticket()));
        if (listener == null) {
            return;
        }
        try {
            notice.tell(listener);
        } catch (RuntimeException | Error ex) {
            // an Error must not end all delivery either
            logger.warn("A grant listener failed", ex);
        }
    }
}
