package io.ratelimit.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.WaitingTicket;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Queued;
import io.ratelimit.backend.Reply.Refused;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;

/**
 * What the tests of the contract do with a backend, as the instances {@code a} and {@code b}: a ticket says by its name whose it is.
 */
abstract class ContractOperations {

    static final Duration LEASE = Duration.ofSeconds(10);

    static final Duration MINUTE = Duration.ofMinutes(1);

    static final RateLimit THREE_A_SECOND = RateLimit.of(3, Duration.ofSeconds(1));

    static final ConcurrencyLimit TWO_SLOTS = ConcurrencyLimit.of(2);

    static final ConcurrencyLimit ONE_SLOT = ConcurrencyLimit.of(1);

    protected final ManualClock clock = new ManualClock();

    private final Map<String, LimitBackend> backends = new HashMap<>();

    private final Map<String, RecordedNotices> notices = Map.of("a", new RecordedNotices(), "b", new RecordedNotices());

    private int tickets;

    /**
     * The backend under test as an instance sees it, which goes by {@link #clock}. Asked once per instance and test; all of a test share
     * their partitions. Closed after the test if it can be.
     */
    protected abstract LimitBackend backend(String instance);

    @AfterEach
    void closeBackends() throws Exception {
        for (LimitBackend backend : this.backends.values()) {
            if (backend instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }
    }

    private LimitBackend backendOf(String ticket) {
        return this.backends.computeIfAbsent(ticket.startsWith("b:") ? "b" : "a", (instance) -> {
            LimitBackend backend = backend(instance);
            backend.listen(instance, this.notices.get(instance));
            return backend;
        });
    }

    final <R extends Reply> CompletableFuture<R> submit(Partition partition, Operation<R> operation) {
        return backendOf(ticketOf(operation)).execute(partition, operation).toCompletableFuture();
    }

    final <R extends Reply> R execute(Partition partition, Operation<R> operation) {
        try {
            return submit(partition, operation).get(1, TimeUnit.MINUTES);
        } catch (ExecutionException ex) {
            throw (RuntimeException) ex.getCause();
        } catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static String ticketOf(Operation<?> operation) {
        if (operation instanceof Acquire acquire) {
            return acquire.ticket();
        }
        if (operation instanceof Withdraw withdraw) {
            return withdraw.ticket();
        }
        if (operation instanceof Cancel cancel) {
            return cancel.ticket();
        }
        if (operation instanceof Release release) {
            return release.permit();
        }
        return (operation instanceof Renew renew && !renew.tickets().isEmpty())
                ? renew.tickets().get(0).ticket()
                : "a:";
    }

    static Partition partition(Limit... limits) {
        return new Partition("resource", null, List.of(limits), 1, LEASE);
    }

    final String ticket() {
        return "a:t" + this.tickets++;
    }

    final Reply.Decision acquire(Partition partition, long... amounts) {
        return execute(partition, new Acquire(ticket(), boxed(amounts)));
    }

    final Granted grant(Partition partition, long... amounts) {
        return granted(acquire(partition, amounts));
    }

    static Granted granted(Reply.Decision decision) {
        assertThat(decision).isInstanceOf(Granted.class);
        return (Granted) decision;
    }

    /** Takes what is there, and returns the permit. */
    final String hold(Partition partition, long... amounts) {
        String ticket = ticket();
        granted(execute(partition, new Acquire(ticket, boxed(amounts))));
        return ticket;
    }

    final Refused refuse(Partition partition, long... amounts) {
        return refused(acquire(partition, amounts));
    }

    static Refused refused(Reply.Decision decision) {
        assertThat(decision).isInstanceOf(Refused.class);
        return (Refused) decision;
    }

    /** Queues a ticket that waits for a minute. */
    final Queued queue(Partition partition, String ticket, long... amounts) {
        return queued(execute(partition, waiting(ticket, MINUTE, 0, amounts)));
    }

    static Queued queued(Reply.Decision decision) {
        assertThat(decision).isInstanceOf(Queued.class);
        return (Queued) decision;
    }

    static Acquire waiting(String ticket, Duration maxWait, int priority, long... amounts) {
        return new Acquire(ticket, boxed(amounts), maxWait.toNanos() / 1_000, priority, 100_000);
    }

    static Acquire waitingAmong(int maxQueue, String ticket, Duration maxWait, long... amounts) {
        return new Acquire(ticket, boxed(amounts), maxWait.toNanos() / 1_000, 0, maxQueue);
    }

    final Reply.Done release(Partition partition, String permit) {
        return execute(partition, new Release(permit));
    }

    /** Lets the queue go on. */
    final Reply.Renewed look(Partition partition) {
        return execute(partition, new Renew(List.of(), List.of()));
    }

    final long renew(Partition partition, HeldPermit permit) {
        return execute(partition, renewal(permit)).leaseMicros().get(0);
    }

    static Renew renewal(HeldPermit permit) {
        return new Renew(List.of(permit), List.of());
    }

    static HeldPermit held(String permit, long leaseLeftMicros, long... amounts) {
        return new HeldPermit(permit, 7, 7, boxed(amounts), leaseLeftMicros, 0);
    }

    final Reply.Decision renew(Partition partition, WaitingTicket ticket) {
        return execute(partition, new Renew(List.of(), List.of(ticket)))
                .tickets()
                .get(0);
    }

    static WaitingTicket waiter(String ticket, long sequence, long... amounts) {
        return new WaitingTicket(ticket, boxed(amounts), sequence, 0, MINUTE.toNanos() / 1_000);
    }

    final List<Long> used(Partition partition) {
        return execute(partition, new Inspect(0)).status().limits().stream()
                .map(LimitStatus::used)
                .toList();
    }

    final long holders(Partition partition) {
        return execute(partition, new Inspect(0)).holderCount();
    }

    /** The tickets in the queue, in order. */
    final List<String> line(Partition partition) {
        return execute(partition, new Inspect(100)).waiters().stream()
                .map(Reply.Waiter::ticket)
                .toList();
    }

    /** Waits until an instance has been told this and nothing else, in this order. */
    final void isTold(String instance, String... texts) {
        eventually(() -> assertThat(this.notices.get(instance).texts()).containsExactly(texts));
    }

    /** Waits until the owner of a ticket has been told of its grant. */
    final Granted grantOf(String ticket) {
        RecordedNotices own = this.notices.get(ticket.substring(0, 1));
        eventually(() -> assertThat(own.grants()).containsKey(ticket));
        return own.grants().get(ticket);
    }

    static void eventually(ThrowingRunnable assertion) {
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(10)).untilAsserted(assertion);
    }

    static List<Long> boxed(long... amounts) {
        return LongStream.of(amounts).boxed().toList();
    }
}
