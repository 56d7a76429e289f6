package io.ratelimit.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.ratelimit.BackendUnavailableException;
import io.ratelimit.Limit;
import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Forgive;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.backend.Settings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.util.function.SingletonSupplier;

/**
 * Keeps partitions in Redis 6.2 or newer, or Valkey: standalone, Sentinel or Cluster. The machine is the Lua in {@code
 * io/ratelimit/redis}. Thread-safe.
 *
 * <p>An operation is one script call if it comes alone; operations on a partition that come together share calls, and so do acquisitions of
 * single sliding windows of many partitions, except in a cluster. What a rate limit refuses is remembered for 100 ms at most.
 *
 * @since 0.1.0
 */
public final class RedisBackend implements LimitBackend, AutoCloseable {

    /** A sign of life waits so long for a connection: it is better late than never. */
    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(10);

    private static final Pattern QUOTATION = Pattern.compile("(?<!\\w)['`\"]|, with args|@user_script");

    private final RedisConnectionFactory connectionFactory;

    private final LettuceScripting scripting;

    private final Duration commandTimeout;

    private final RedisKeys keys;

    private final ScriptClock clock;

    private final SingletonSupplier<LuaScript> partitionScript;

    private final LuaScript heartbeatScript;

    private final LuaScript settingsScript;

    private final Deadlines deadlines;

    private final Takes takes;

    private final Mailboxes mailboxes;

    private final Refusals refusals;

    private final Map<String, EncodedLimits> encodedLimits = new ConcurrentHashMap<>();

    private volatile @Nullable GrantSubscription grants;

    /**
     * Makes a backend, which begins to connect at once, without blocking anybody.
     *
     * @param connectionFactory the application's connection factory, of Lettuce
     * @param keyPrefix what all keys begin with; applications that share it share their limits
     * @param commandTimeout how long a call may take, connecting included
     * @throws io.ratelimit.LimitConfigurationException if the factory is not of Lettuce
     */
    public RedisBackend(RedisConnectionFactory connectionFactory, String keyPrefix, Duration commandTimeout) {
        this(connectionFactory, keyPrefix, commandTimeout, ScriptClock.REDIS, Refusals.LONGEST_MEMORY);
    }

    RedisBackend(
            RedisConnectionFactory connectionFactory,
            String keyPrefix,
            Duration commandTimeout,
            ScriptClock clock,
            Duration refusalMemory) {
        this.connectionFactory = connectionFactory;
        this.scripting = new LettuceScripting(connectionFactory);
        this.commandTimeout = commandTimeout;
        this.refusals = new Refusals(refusalMemory);
        this.keys = new RedisKeys(keyPrefix);
        this.clock = clock;
        this.partitionScript = SingletonSupplier.of(() -> LuaScript.partition(clock.file()));
        this.heartbeatScript = LuaScript.heartbeat(clock.file());
        this.settingsScript = LuaScript.settings(clock.file());
        this.deadlines = new Deadlines(this.scripting::caughtUp, commandTimeout);
        this.takes = new Takes(
                !this.scripting.isOfCluster(),
                this.scripting::add,
                this.scripting::sendAtOnce,
                LuaScript.takes(clock.file()),
                this::encoded,
                clock.time());
        this.mailboxes = new Mailboxes(this.keys, this::add, this.takes::concern, this::overdue, this.deadlines);
        this.scripting.whenReplaced(this::subscribeAnew);
        // on the thread that connects: neither the startup nor a first call need wait while the script is joined
        this.scripting.connected().thenRun(this.partitionScript::obtain);
    }

    @Override
    public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        GrantSubscription subscription = this.grants;
        if (refundsRates(operation)) {
            this.refusals.forget(partition);
        }
        boolean mayWait = operation instanceof Acquire acquire && acquire.maxWaitMicros() > 0;
        if (mayWait && subscription != null && !subscription.isReady()) {
            return submitWhenReady(subscription, partition, operation);
        }
        return submit(partition, operation);
    }

    @Override
    public @Nullable Refused knownRefusal(Partition partition, List<Long> amounts) {
        return this.refusals.find(partition, amounts);
    }

    private static boolean refundsRates(Operation<?> operation) {
        return operation instanceof Cancel
                || operation instanceof Forgive
                || (operation instanceof Update update && update.difference() < 0);
    }

    /** What waits is not sent before its grant can be heard of. */
    private <R extends Reply> CompletionStage<R> submitWhenReady(
            GrantSubscription subscription, Partition partition, Operation<R> operation) {
        long deadlineNanos = System.nanoTime() + this.commandTimeout.toNanos();
        CompletableFuture<Void> ready = new CompletableFuture<>();
        limit(ready, deadlineNanos);
        CompletionStage<R> reply = ready.exceptionally((failure) -> {
                    throw unavailable(failure);
                })
                .thenCompose((subscribed) -> submit(partition, operation, deadlineNanos));
        subscription.whenReady(() -> ready.complete(null), ready::completeExceptionally);
        return reply;
    }

    private void limit(CompletableFuture<?> reply, long deadlineNanos) {
        this.deadlines.at(deadlineNanos, (nowNanos) -> {
            if (!reply.isDone()) {
                reply.completeExceptionally(overdue());
            }
        });
    }

    private <R extends Reply> CompletableFuture<R> submit(Partition partition, Operation<R> operation) {
        return submit(partition, operation, System.nanoTime() + this.commandTimeout.toNanos());
    }

    private <R extends Reply> CompletableFuture<R> submit(
            Partition partition, Operation<R> operation, long deadlineNanos) {
        Submission<R> submission = new Submission<>(partition, operation, deadlineNanos, new CompletableFuture<>());
        this.mailboxes.submit(submission);
        this.scripting.send();
        return submission.reply();
    }

    /** Adds the call of a batch to those to be sent. */
    private void add(Mailbox.Batch batch) {
        ScriptCall call =
                new ScriptCall(this.partitionScript.obtain(), batch.mailbox().keys(), (arguments) -> {
                    batch.close();
                    write(batch.inOrderOfCall(), arguments);
                });
        batch.made(call);
        call.reply().whenComplete((reply, failure) -> {
            batch.mailbox().answered(batch);
            this.scripting.sendAtOnce();
            if (failure == null) {
                tryAnswer(batch.inOrderOfCall(), reply);
            } else {
                fail(batch.submissions(), unavailable(failure));
            }
        });
        if (batch.isShared()) {
            this.takes.add(batch, call);
        } else {
            this.scripting.add(call);
        }
    }

    private void write(List<Submission<?>> submissions, Arguments arguments) {
        Partition partition = submissions.get(0).partition();
        GrantSubscription subscription = this.grants;
        List<Operation<?>> operations = new ArrayList<>(submissions.size());
        for (Submission<?> submission : submissions) {
            operations.add(submission.operation());
        }
        arguments.add(partition, encoded(partition), (subscription != null) ? subscription.instance() : "", operations);
        this.clock.time().accept(arguments);
    }

    /** A reply that is not what it should be answers everybody too. */
    private void tryAnswer(List<Submission<?>> submissions, List<Object> reply) {
        try {
            answer(submissions, reply);
        } catch (RuntimeException | Error ex) {
            fail(submissions, unavailable(ex));
        }
    }

    private void answer(List<Submission<?>> submissions, List<Object> reply) {
        Partition partition = submissions.get(0).partition();
        ReplyReader reader = new ReplyReader(partition.limits(), reply);
        if (reader.hasMore()) {
            submit(partition, new Renew(List.of(), List.of()));
        }
        for (Submission<?> submission : submissions) {
            answer(submission, reader);
        }
        GrantSubscription subscription = this.grants;
        if (subscription != null) {
            subscription.tell(reader.readMessages(), reader.statusOfMessages());
        }
    }

    private void answer(Submission<?> submission, ReplyReader reader) {
        try {
            Reply reply = reader.read(submission.operation());
            if (refundsRates(submission.operation())) {
                // once more: the answer to an earlier call may have come meanwhile
                this.refusals.forget(submission.partition());
            }
            if (submission.operation() instanceof Acquire acquire) {
                if (reply instanceof Refused refused) {
                    this.refusals.remember(submission.partition(), acquire, refused);
                } else if (reply instanceof Granted) {
                    this.refusals.forgetCovering(submission.partition(), acquire);
                }
            }
            submission.complete(reply);
        } catch (IllegalArgumentException ex) {
            submission.reply().completeExceptionally(ex);
        }
    }

    private static void fail(List<Submission<?>> submissions, BackendUnavailableException cause) {
        submissions.forEach((submission) -> submission.reply().completeExceptionally(cause));
    }

    @Override
    public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        ScriptCall call = new ScriptCall(
                this.heartbeatScript,
                new byte[][] {this.keys.instances()},
                (arguments) -> this.clock.time().accept(arguments.add(instance).add(micros(lease))));
        CompletionStage<Membership> membership = callAlone(
                call,
                LONGEST_CONNECT,
                (reply) -> new Membership(((Long) reply.get(0)).intValue(), (Long) reply.get(1)));
        GrantSubscription subscription = this.grants;
        return (lease.isZero() && subscription != null)
                // who has left waits no more; the connection is given back while its factory still runs
                ? subscription.pause().handle((paused, failure) -> membership).thenCompose(Function.identity())
                : membership;
    }

    @Override
    public CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
        ScriptCall call = new ScriptCall(this.settingsScript, new byte[][] {this.keys.settings()}, (arguments) -> {
            changes.forEach((name, value) -> arguments.add(bytes(name)).add(bytes(value.orElse(""))));
            this.clock.time().accept(arguments);
        });
        return callAlone(call, Duration.ZERO, (reply) -> {
            Map<String, String> values = new HashMap<>();
            for (int i = 1; i < reply.size(); i += 2) {
                values.put(text(reply.get(i)), text(reply.get(i + 1)));
            }
            return new Settings((Long) reply.get(0), values);
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(Object bytes) {
        return new String((byte[]) bytes, StandardCharsets.UTF_8);
    }

    /** Calls a script that is not of a partition. Some wait for the connection: that may take a cold JVM longer than a command may take. */
    private <R> CompletionStage<R> callAlone(ScriptCall call, Duration connecting, Function<List<Object>, R> reader) {
        long nowNanos = System.nanoTime();
        CompletableFuture<Object> connected = this.scripting.connected().thenApply((session) -> session);
        limit(connected, nowNanos + this.commandTimeout.plus(connecting).toNanos());
        return connected
                .thenCompose((session) -> {
                    this.scripting.add(call);
                    this.scripting.send();
                    long sinceNanos = connecting.isZero() ? nowNanos : System.nanoTime();
                    limit(call.reply(), sinceNanos + this.commandTimeout.toNanos());
                    return call.reply();
                })
                .thenApply(reader)
                .exceptionally((failure) -> {
                    throw unavailable(failure);
                });
    }

    private void subscribeAnew() {
        GrantSubscription subscription = this.grants;
        if (subscription != null) {
            subscription.renew();
        }
    }

    @Override
    public void listen(String instance, GrantListener listener) {
        this.grants = new GrantSubscription(this.connectionFactory, this.keys.grants(instance), instance, listener);
    }

    private BackendUnavailableException unavailable(Throwable failure) {
        Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
        if (cause instanceof BackendUnavailableException known) {
            return known;
        }
        if (cause instanceof RedisCommandExecutionException) {
            return new BackendUnavailableException("Redis refuses: " + withoutQuotations(cause.getMessage()));
        }
        return (cause instanceof TimeoutException)
                ? overdue()
                : new BackendUnavailableException("Redis cannot be asked", cause);
    }

    /** What Redis quotes is the command, and some errors quote its keys and arguments. */
    private static String withoutQuotations(@Nullable String error) {
        if (error == null) {
            return "no reason given";
        }
        Matcher quotation = QUOTATION.matcher(error);
        return quotation.find() ? error.substring(0, quotation.start()) + '…' : error;
    }

    private BackendUnavailableException overdue() {
        return new BackendUnavailableException("Redis %s within %d ms (ratelimit.command-timeout)"
                .formatted(
                        this.scripting.isConnecting() ? "could not be connected to" : "did not answer",
                        this.commandTimeout.toMillis()));
    }

    /** Gives the connections back. */
    @Override
    public void close() {
        this.deadlines.close();
        GrantSubscription subscription = this.grants;
        if (subscription != null) {
            subscription.close();
        }
        this.scripting.close();
    }

    private String encoded(Partition partition) {
        EncodedLimits known = this.encodedLimits.get(partition.resource());
        if (known == null || known.limits() != partition.limits()) {
            known = new EncodedLimits(partition.limits(), LimitsText.write(partition.limits()));
            this.encodedLimits.put(partition.resource(), known);
        }
        return known.text();
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1_000;
    }

    private record EncodedLimits(List<Limit> limits, String text) {}
}
