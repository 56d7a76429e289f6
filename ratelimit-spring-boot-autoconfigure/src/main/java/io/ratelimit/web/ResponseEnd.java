package io.ratelimit.web;

import java.util.ArrayList;
import java.util.List;

/**
 * The end of one HTTP response, and what is to be done then. Thread-safe.
 *
 * @since 0.1.0
 */
public final class ResponseEnd {

    private final List<Runnable> actions = new ArrayList<>();

    private boolean over;

    /**
     * Makes one that has not come yet.
     */
    public ResponseEnd() {}

    /**
     * Does something at the end: at once if that has come.
     *
     * @param action what to do; it must not throw
     */
    public void whenOver(Runnable action) {
        synchronized (this.actions) {
            if (!this.over) {
                this.actions.add(action);
                return;
            }
        }
        action.run();
    }

    /**
     * The response has ended. Only the first call counts.
     */
    public void over() {
        List<Runnable> due;
        synchronized (this.actions) {
            this.over = true;
            due = List.copyOf(this.actions);
            this.actions.clear();
        }
        due.forEach(Runnable::run);
    }
}
