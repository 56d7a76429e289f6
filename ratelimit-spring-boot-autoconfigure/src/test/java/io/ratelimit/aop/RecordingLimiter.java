package io.ratelimit.aop;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Grants everything but the resources it is told to refuse, and writes down what it is asked. */
final class RecordingLimiter implements Limiter {

    private final List<LimitRequest> requests = new CopyOnWriteArrayList<>();

    private final List<String> events = new CopyOnWriteArrayList<>();

    private final Set<String> refused = ConcurrentHashMap.newKeySet();

    private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();

    private volatile boolean queueing;

    private volatile boolean askedInTransaction;

    void refuse(String resource) {
        this.refused.add(resource);
    }

    /** From now on, asynchronous acquisitions wait for {@link #answerNext}. */
    void queue() {
        this.queueing = true;
    }

    /** Answers the one that has waited longest, on a thread of its own, as a backend does. */
    void answerNext() {
        Runnable next = this.queue.poll();
        if (next == null) {
            throw new AssertionError("Nobody waits");
        }
        Thread backend = new Thread(next, "backend");
        backend.start();
        try {
            backend.join();
        } catch (InterruptedException ex) {
            throw new AssertionError(ex);
        }
    }

    List<LimitRequest> requests() {
        return this.requests;
    }

    /**
     * What happened, in order: "+name" granted, "-name" closed, "!name" refused, "~name" undone, "?name" waits, "%name" left the
     * queue, and notes of tests.
     */
    List<String> events() {
        return this.events;
    }

    void note(String event) {
        this.events.add(event);
    }

    boolean askedInTransaction() {
        return this.askedInTransaction;
    }

    @Override
    public Permit acquire(LimitRequest request) {
        this.askedInTransaction = TransactionSynchronizationManager.isActualTransactionActive();
        this.requests.add(request);
        if (this.refused.contains(request.resource())) {
            note("!" + request.resource());
            throw refusal(request);
        }
        note("+" + request.resource());
        return new RecordedPermit(request);
    }

    @Override
    public List<Permit> acquireAll(List<LimitRequest> requests) {
        List<Permit> permits = new ArrayList<>();
        try {
            requests.forEach((request) -> permits.add(acquire(request)));
            return permits;
        } catch (LimitExceededException ex) {
            for (int i = permits.size() - 1; i >= 0; i--) {
                note("~" + permits.get(i).resource());
            }
            throw ex;
        }
    }

    @Override
    public Optional<Permit> tryAcquire(LimitRequest request) {
        throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<Permit> acquireAsync(LimitRequest request) {
        throw new UnsupportedOperationException();
    }

    @Override
    public CompletableFuture<List<Permit>> acquireAllAsync(List<LimitRequest> requests) {
        CompletableFuture<List<Permit>> result = new CompletableFuture<>();
        if (!this.queueing) {
            answer(requests, result);
            return result;
        }
        String names = requests.stream().map(LimitRequest::resource).collect(Collectors.joining("+"));
        note("?" + names);
        this.queue.add(() -> answer(requests, result));
        result.whenComplete((permits, failure) -> {
            if (result.isCancelled()) {
                note("%" + names);
            }
        });
        return result;
    }

    private void answer(List<LimitRequest> requests, CompletableFuture<List<Permit>> result) {
        if (result.isDone()) {
            return;
        }
        try {
            if (!result.complete(acquireAll(requests))) {
                requests.forEach((request) -> note("~" + request.resource()));
            }
        } catch (LimitExceededException ex) {
            result.completeExceptionally(ex);
        }
    }

    static List<LimitStatus> statuses(long used) {
        return List.of(new LimitStatus(RateLimit.of(10, Duration.ofMinutes(1)), used, Duration.ZERO));
    }

    private static LimitExceededException refusal(LimitRequest request) {
        Limit limit = request.kinds().contains(LimitKind.RATE)
                ? RateLimit.of(10, Duration.ofMinutes(1))
                : ConcurrencyLimit.of(10);
        return LimitExceededException.of(new LimitExceededException.Refusal(
                request.resource(), List.of(limit), Duration.ofSeconds(1), false, false, statuses(10)));
    }

    private final class RecordedPermit implements Permit {

        private final LimitRequest request;

        RecordedPermit(LimitRequest request) {
            this.request = request;
        }

        @Override
        public String resource() {
            return this.request.resource();
        }

        @Override
        public @Nullable String key() {
            return this.request.key();
        }

        @Override
        public Map<String, String> attributes() {
            return Map.of();
        }

        @Override
        public List<LimitStatus> limits() {
            return statuses(1);
        }

        @Override
        public boolean isValid() {
            return true;
        }

        @Override
        public void onLost(Runnable action) {}

        @Override
        public long fencingToken() {
            return 0;
        }

        @Override
        public void update(String limitName, long actual) {
            note(resource() + "/" + limitName + "=" + actual);
        }

        @Override
        public void close() {
            note("-" + resource());
        }
    }
}
