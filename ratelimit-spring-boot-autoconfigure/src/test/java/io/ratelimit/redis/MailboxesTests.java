package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.BackendUnavailableException;
import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.redis.Mailbox.Batch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MailboxesTests {

    private static final List<Limit> LIMITS = List.of(ConcurrencyLimit.of(1));

    private final List<Batch> sent = new CopyOnWriteArrayList<>();

    private final AtomicReference<Runnable> onOverdue = new AtomicReference<>(() -> {});

    private final AtomicReference<Runnable> onReading = new AtomicReference<>(() -> {});

    private final Deadlines deadlines =
            new Deadlines(() -> CompletableFuture.runAsync(this.onReading.get()), Duration.ofHours(1));

    private final Mailboxes mailboxes = new Mailboxes(
            new RedisKeys("test:"),
            written(this.sent),
            (submission) -> false,
            () -> {
                this.onOverdue.get().run();
                return new BackendUnavailableException("overdue");
            },
            this.deadlines);

    private static Consumer<Batch> written(List<Batch> sent) {
        return (batch) -> {
            batch.close();
            sent.add(batch);
        };
    }

    @AfterEach
    void close() {
        this.deadlines.close();
    }

    private Submission<Decision> submit(String key, Duration deadline) {
        Partition partition = new Partition("pool", key, LIMITS, 1, Duration.ofSeconds(10));
        Submission<Decision> submission = new Submission<>(
                partition,
                new Acquire("a:1", List.of(1L)),
                System.nanoTime() + deadline.toNanos(),
                new CompletableFuture<>());
        this.mailboxes.submit(submission);
        return submission;
    }

    /** Waits until an operation has failed, and returns when it did. */
    private static CompletableFuture<Long> failedAt(Submission<?> submission) {
        return submission.reply().handle((reply, failure) -> {
            assertThat(failure).isInstanceOf(BackendUnavailableException.class).hasMessage("overdue");
            return System.nanoTime();
        });
    }

    @Nested
    class ADeadline {

        @Test
        void endsAnOperationThatIsNotAnsweredAndNotBefore() {
            Submission<?> submission = submit("k", Duration.ofMillis(30));
            assertThat(failedAt(submission).join()).isGreaterThanOrEqualTo(submission.deadlineNanos());
        }

        @Test
        void endsAnOperationThatWaitsInItsMailboxToo() {
            Duration soon = Duration.ofMillis(30);
            List<Submission<?>> all = List.of(submit("k", soon), submit("k", soon), submit("k", soon));
            assertThat(sent).hasSize(2);
            all.forEach((submission) ->
                    assertThat(failedAt(submission).join()).isGreaterThanOrEqualTo(submission.deadlineNanos()));
        }

        @Test
        void isEachOperationsOwn() {
            List<Submission<?>> all = new ArrayList<>();
            List<CompletableFuture<Long>> failures = new ArrayList<>();
            for (int i = 1; i <= 5; i++) {
                all.add(submit("k" + i, Duration.ofMillis(40L * i)));
                failures.add(failedAt(all.get(i - 1)));
            }
            for (int i = 0; i < 5; i++) {
                assertThat(failures.get(i).join())
                        .isGreaterThanOrEqualTo(all.get(i).deadlineNanos());
            }
        }

        @Test
        void isWatchedAgainAfterAllWereMet() {
            for (int i = 0; i < 3; i++) {
                Submission<?> submission = submit("k", Duration.ofMillis(20));
                assertThat(failedAt(submission).join()).isGreaterThanOrEqualTo(submission.deadlineNanos());
            }
        }

        @Test
        void isNothingToOneThatWasAnswered() {
            Submission<Decision> answered = submit("k", Duration.ofMillis(20));
            answered.reply().complete(null);
            mailboxes.submit(answered);
            failedAt(submit("other", Duration.ofMillis(40))).join();
            assertThat(answered.reply()).isCompleted();
        }

        @Test
        void isJudgedOnceWhatHasArrivedIsRead() {
            Submission<?> read = submit("k", Duration.ofMillis(20));
            Submission<?> missing = submit("other", Duration.ofMillis(20));
            onReading.set(() -> read.reply().complete(null));
            failedAt(missing).join();
            assertThat(read.reply()).isCompleted();
        }

        @Test
        void isJudgedThoughNobodyReads() throws InterruptedException {
            CountDownLatch judged = new CountDownLatch(1);
            Deadlines unread = new Deadlines(CompletableFuture::new, Duration.ofMillis(1));
            unread.at(System.nanoTime(), (nowNanos) -> judged.countDown());
            assertThat(judged.await(1, TimeUnit.MINUTES)).isTrue();
            unread.close();
        }

        @Test
        void thatAJvmWhichStoodStillNoticesLateIsLookedAtAgain() {
            AtomicReference<Long> goesOn = new AtomicReference<>();
            Submission<?> first = submit("k", Duration.ofMillis(20));
            Submission<?> second = submit("other", Duration.ofMillis(500));
            onOverdue.set(() -> {
                long until = second.deadlineNanos() + TimeUnit.MILLISECONDS.toNanos(100);
                while (goesOn.get() == null && System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                goesOn.compareAndSet(null, System.nanoTime());
            });
            failedAt(first).join();
            long lookedAgain = failedAt(second).join();
            assertThat(lookedAgain - goesOn.get()).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(25));
        }

        @Test
        void isNowOnceNobodyWatches() {
            deadlines.close();
            Submission<?> submission = submit("k", Duration.ofHours(1));
            assertThatThrownBy(() -> submission.reply().join())
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(BackendUnavailableException.class);
        }
    }

    @Nested
    class AMailbox {

        @Test
        void isKeptForItsPartition() {
            submit("k", Duration.ofHours(1));
            submit("k", Duration.ofHours(1));
            submit("other", Duration.ofHours(1));
            assertThat(sent.get(1).mailbox()).isSameAs(sent.get(0).mailbox());
            assertThat(sent.get(2).mailbox()).isNotSameAs(sent.get(0).mailbox());
        }

        @Test
        void makesRoomWhereThereAreTenThousandAndItIsIdle() {
            List<Batch> batches = new ArrayList<>();
            Mailboxes many = new Mailboxes(
                    new RedisKeys("test:"),
                    written(batches),
                    (submission) -> false,
                    () -> new BackendUnavailableException("overdue"),
                    deadlines);
            fill(many, batches, 0);
            Mailbox busy = batches.get(0).mailbox();
            Mailbox idle = batches.get(1).mailbox();
            for (int i = 1; i < 10_000; i++) {
                batches.get(i).submissions().get(0).reply().cancel(false);
                batches.get(i).mailbox().answered(batches.get(i));
            }
            submitTo(many, 10_000);
            submitTo(many, 0);
            assertThat(batches.get(batches.size() - 1).mailbox()).isSameAs(busy);
            submitTo(many, 1);
            assertThat(batches.get(batches.size() - 1).mailbox()).isNotSameAs(idle);
            assertThat(idle.submit(submission(1))).isFalse();
        }

        @Test
        void isNotTakenAwayWhileItIsBusyHoweverManyThereAre() {
            List<Batch> batches = new ArrayList<>();
            Mailboxes many = new Mailboxes(
                    new RedisKeys("test:"),
                    written(batches),
                    (submission) -> false,
                    () -> new BackendUnavailableException("overdue"),
                    deadlines);
            fill(many, batches, 10);
            submitTo(many, 5);
            assertThat(batches.get(batches.size() - 1).mailbox())
                    .isSameAs(batches.get(5).mailbox());
        }

        private void fill(Mailboxes many, List<Batch> batches, int more) {
            for (int i = 0; i < 10_000 + more; i++) {
                submitTo(many, i);
            }
            assertThat(batches).hasSize(10_000 + more);
        }

        private void submitTo(Mailboxes many, int key) {
            many.submit(submission(key));
        }

        private Submission<Decision> submission(int key) {
            return new Submission<>(
                    new Partition("pool", "k" + key, LIMITS, 1, Duration.ofSeconds(10)),
                    new Acquire("a:1", List.of(1L)),
                    System.nanoTime() + Duration.ofHours(1).toNanos(),
                    new CompletableFuture<>());
        }
    }
}
