package io.ratelimit.redis;

import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Transports;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The threads of Netty that read the replies of connections, and write to them. Thread-safe.
 */
final class ReplyReaders implements AutoCloseable {

    private final ClientResources resources;

    private final EventLoopGroup threads;

    private volatile EventExecutor last;

    ReplyReaders(ClientResources resources) {
        this.resources = resources;
        this.threads = resources.eventLoopGroupProvider().allocate(Transports.eventLoopGroupClass());
        this.last = this.threads.next();
    }

    /** Learns that the current thread is that of a connection. */
    void learn() {
        if (!this.last.inEventLoop()) {
            for (EventExecutor thread : this.threads) {
                if (thread.inEventLoop()) {
                    this.last = thread;
                }
            }
        }
    }

    /** Returns that which a connection was seen to have last: what it writes itself is on its way at once. */
    EventExecutor last() {
        return this.last;
    }

    /** Completes when each has read what has arrived by now. */
    CompletableFuture<Void> caughtUp() {
        List<CompletableFuture<Void>> turns = new ArrayList<>();
        for (EventExecutor thread : this.threads) {
            turns.add(afterNextTurn(thread));
        }
        return CompletableFuture.allOf(turns.toArray(CompletableFuture[]::new));
    }

    /** What a task of a turn schedules belongs to the next one, before which the thread reads. */
    private static CompletableFuture<Void> afterNextTurn(EventExecutor thread) {
        CompletableFuture<Void> turn = new CompletableFuture<>();
        try {
            thread.execute(() -> thread.schedule(() -> turn.complete(null), 0, TimeUnit.NANOSECONDS));
        } catch (RejectedExecutionException ex) {
            turn.complete(null); // it has ended
        }
        return turn;
    }

    /** Gives the threads back to Lettuce. */
    @Override
    public void close() {
        this.resources.eventLoopGroupProvider().release(this.threads, 0, 0, TimeUnit.MILLISECONDS);
    }
}
