package io.ratelimit.backend;

import io.ratelimit.backend.Reply.Granted;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A listener that keeps what it is told, in order.
 */
public final class RecordedNotices implements GrantListener {

    private final List<String> texts = new CopyOnWriteArrayList<>();

    private final Map<String, Granted> grants = new ConcurrentHashMap<>();

    @Override
    public void granted(String ticket, Granted grant) {
        this.grants.put(ticket, grant);
        this.texts.add("granted " + ticket);
    }

    @Override
    public void turn(String ticket, Duration wait) {
        this.texts.add("turn " + ticket + " in " + wait);
    }

    @Override
    public void missed() {
        this.texts.add("missed");
    }

    /** What was told: {@code granted <ticket>}, {@code turn <ticket> in <wait>}, {@code missed}. */
    public List<String> texts() {
        return this.texts;
    }

    /** The last grant of each ticket. */
    public Map<String, Granted> grants() {
        return this.grants;
    }
}
