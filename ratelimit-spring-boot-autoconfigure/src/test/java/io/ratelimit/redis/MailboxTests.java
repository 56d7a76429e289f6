package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.HeldPermit;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Release;
import io.ratelimit.backend.Operation.Renew;
import io.ratelimit.backend.Operation.Withdraw;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.redis.Mailbox.Batch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MailboxTests {

    private static final List<Limit> LIMITS = List.of(ConcurrencyLimit.of(1));

    private static final Partition PARTITION = partition(LIMITS, 1);

    private static final long NEVER = Long.MAX_VALUE / 2;

    private final List<Batch> sent = new ArrayList<>();

    /** Whether calls are written as soon as they leave. */
    private boolean writes = true;

    private final Mailbox mailbox = new Mailbox(new byte[0][], this::send, this::isShareable);

    /** Whether acquisitions may share calls with those of other partitions. */
    private boolean shares;

    private boolean isShareable(Submission<?> submission) {
        return this.shares && submission.operation() instanceof Acquire;
    }

    private void send(Batch batch) {
        this.sent.add(batch);
        if (this.writes) {
            batch.close();
        }
    }

    private static Partition partition(List<Limit> limits, long stampMicros) {
        return new Partition("pool", null, limits, stampMicros, Duration.ofSeconds(10));
    }

    private static Acquire acquire(int number) {
        return new Acquire("a:" + number, List.of(1L));
    }

    private static Release release(int number) {
        return new Release("a:" + number);
    }

    private static Renew renew(int permits) {
        List<HeldPermit> held = IntStream.range(0, permits)
                .mapToObj((i) -> new HeldPermit("a:" + i, 1, 1, List.of(1L), 1, 0))
                .toList();
        return new Renew(held, List.of());
    }

    private <R extends Reply> CompletableFuture<R> submit(Operation<R> operation) {
        return submit(PARTITION, operation, NEVER);
    }

    private <R extends Reply> CompletableFuture<R> submit(
            Partition partition, Operation<R> operation, long deadlineNanos) {
        Submission<R> submission = new Submission<>(partition, operation, deadlineNanos, new CompletableFuture<>());
        assertThat(this.mailbox.submit(submission)).isTrue();
        return submission.reply();
    }

    /** Two calls, so that what comes next has to wait. */
    private void fill() {
        submit(acquire(1_000));
        submit(acquire(1_001));
        assertThat(this.sent).hasSize(2);
    }

    private void answer(int index) {
        this.mailbox.answered(this.sent.get(index));
    }

    private List<Operation<?>> operations(int index) {
        return operationsOf(this.sent.get(index).submissions());
    }

    private static List<Operation<?>> operationsOf(List<Submission<?>> submissions) {
        List<Operation<?>> operations = new ArrayList<>();
        submissions.forEach((submission) -> operations.add(submission.operation()));
        return operations;
    }

    @Nested
    class AnOperation {

        @Test
        void thatComesAloneLeavesAtOnce() {
            submit(acquire(1));
            assertThat(sent).hasSize(1);
            assertThat(operations(0)).containsExactly(acquire(1));
        }

        @Test
        void waitsWhileTwoCallsAreUnderWay() {
            fill();
            submit(acquire(1));
            assertThat(sent).hasSize(2);
            answer(1);
            assertThat(operations(2)).containsExactly(acquire(1));
        }

        @Test
        void leavesInOneCallWithAllThatWait() {
            fill();
            submit(acquire(1));
            submit(new Inspect(0));
            submit(acquire(2));
            answer(0);
            assertThat(sent).hasSize(3);
            assertThat(operations(2)).containsExactly(acquire(1), new Inspect(0), acquire(2));
        }

        @Test
        void isAnsweredForOnce() {
            fill();
            answer(0);
            answer(0);
            submit(acquire(1));
            assertThat(sent).hasSize(3);
            submit(acquire(2));
            assertThat(sent).hasSize(3);
        }
    }

    @Nested
    class Releases {

        @Test
        void aloneDoNotKeepAnybodyWaiting() {
            for (int i = 0; i < 10; i++) {
                submit(release(i));
            }
            assertThat(sent).hasSize(10).allMatch(Batch::isReleasesOnly);
            submit(acquire(1));
            submit(acquire(2));
            assertThat(sent).hasSize(12);
            submit(acquire(3));
            assertThat(sent).hasSize(12);
        }

        @Test
        void waitBehindOthersWhereTheseDo() {
            fill();
            submit(acquire(1));
            submit(release(1));
            assertThat(sent).hasSize(2);
            answer(0);
            assertThat(operations(2)).containsExactly(acquire(1), release(1));
            assertThat(sent.get(2).isReleasesOnly()).isFalse();
        }

        @Test
        void thatAreAnsweredMakeRoomForNobody() {
            submit(release(1));
            submit(acquire(1));
            submit(acquire(2));
            answer(0);
            submit(acquire(3));
            assertThat(sent).hasSize(3);
        }

        @Test
        void leaveNothingToWaitForAmongThemselves() {
            fill();
            submit(release(1));
            submit(release(2));
            answer(0);
            assertThat(operations(2)).containsExactly(release(1), release(2));
            submit(acquire(1));
            assertThat(sent).hasSize(4);
        }
    }

    @Nested
    class TheOrder {

        @Test
        void isThatOfSubmissionOverAllCalls() {
            List<Operation<?>> submitted = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                Operation<?> operation = (i % 3 == 0) ? release(i) : acquire(i);
                submitted.add(operation);
                submit(operation);
                if (i % 7 == 0) {
                    answer(i / 7 % sent.size());
                }
            }
            for (int i = 0; i < sent.size(); i++) {
                answer(i);
            }
            List<Operation<?>> left = new ArrayList<>();
            sent.forEach((batch) -> left.addAll(operationsOf(batch.submissions())));
            assertThat(left).containsExactlyElementsOf(submitted);
        }

        @Test
        void ofACallIsWhatGivesBackBeforeWhatTakes() {
            Cancel cancel = new Cancel("a:5", List.of(1L), 0);
            Withdraw withdraw = new Withdraw("a:6", List.of(1L));
            fill();
            List.<Operation<?>>of(
                            acquire(1), release(2), new Inspect(3), withdraw, acquire(4), cancel, renew(1), release(7))
                    .forEach(MailboxTests.this::submit);
            answer(0);
            assertThat(operationsOf(sent.get(2).inOrderOfCall()))
                    .containsExactly(
                            release(2), withdraw, cancel, renew(1), release(7), acquire(1), new Inspect(3), acquire(4));
        }
    }

    @Nested
    class ACall {

        @Test
        void holdsAHundredAndTwentyEightIds() {
            fill();
            for (int i = 0; i < 200; i++) {
                submit(acquire(i));
            }
            answer(0);
            assertThat(operations(2)).hasSize(128);
            answer(1);
            assertThat(operations(3)).hasSize(72);
        }

        @Test
        void countsAllIdsOfARenewal() {
            fill();
            submit(renew(100));
            for (int i = 0; i < 29; i++) {
                submit(acquire(i));
            }
            answer(0);
            assertThat(operations(2)).hasSize(29);
            answer(1);
            assertThat(operations(3)).containsExactly(acquire(28));
        }

        @Test
        void isNotJoinedByARenewalThatIsTooMuch() {
            fill();
            submit(acquire(1));
            submit(renew(128));
            submit(acquire(2));
            answer(0);
            assertThat(operations(2)).containsExactly(acquire(1));
            answer(1);
            assertThat(operations(3)).containsExactly(renew(128));
            answer(2);
            assertThat(operations(4)).containsExactly(acquire(2));
        }

        @Test
        void isOfOneDefinition() {
            Partition newer = partition(LIMITS, 2);
            Partition equal = partition(List.of(ConcurrencyLimit.of(1)), 2);
            fill();
            submit(PARTITION, acquire(1), NEVER);
            submit(PARTITION, acquire(2), NEVER);
            submit(newer, acquire(3), NEVER);
            submit(equal, acquire(4), NEVER);
            submit(PARTITION, acquire(5), NEVER);
            for (int i = 0; i < 5; i++) {
                answer(i);
            }
            assertThat(operations(2)).containsExactly(acquire(1), acquire(2));
            assertThat(sent.get(3).first().partition()).isSameAs(newer);
            assertThat(sent.get(4).first().partition()).isSameAs(equal);
            assertThat(operations(5)).containsExactly(acquire(5));
        }
    }

    @Nested
    class ACallThatIsNotWrittenYet {

        @BeforeEach
        void doNotWrite() {
            writes = false;
        }

        @Test
        void isJoinedUntilItIs() {
            submit(release(1));
            submit(acquire(1));
            submit(acquire(2));
            assertThat(sent).hasSize(1);
            assertThat(operations(0)).containsExactly(release(1), acquire(1), acquire(2));
            sent.get(0).close();
            submit(acquire(3));
            assertThat(sent).hasSize(2);
            assertThat(operations(0)).hasSize(3);
            assertThat(operations(1)).containsExactly(acquire(3));
        }

        @Test
        void isJoinedThoughTwoAreUnderWay() {
            submit(acquire(1));
            sent.get(0).close();
            submit(acquire(2));
            submit(acquire(3));
            assertThat(sent).hasSize(2);
            assertThat(operations(1)).containsExactly(acquire(2), acquire(3));
        }

        @Test
        void ofReleasesAloneIsJoinedByWhatCountsOnlyWhereThereIsRoom() {
            submit(acquire(1));
            sent.get(0).close();
            submit(acquire(2));
            sent.get(1).close();
            answer(0);
            submit(release(1));
            submit(acquire(3));
            assertThat(operations(2)).containsExactly(release(1), acquire(3));
            sent.get(2).close();
            submit(release(2));
            assertThat(sent).as("behind those that count").hasSize(3);
        }

        @Test
        void isJoinedByNoMoreThanItHolds() {
            for (int i = 0; i < 200; i++) {
                submit(acquire(i));
            }
            assertThat(operations(0)).hasSize(128);
            assertThat(operations(1)).hasSize(72);
        }

        @Test
        void isNotJoinedByAnotherDefinition() {
            submit(acquire(1));
            submit(partition(LIMITS, 2), acquire(2), NEVER);
            submit(acquire(3));
            assertThat(operations(0)).containsExactly(acquire(1));
            assertThat(operations(1)).containsExactly(acquire(2));
            answer(0);
            assertThat(operations(2)).containsExactly(acquire(3));
        }

        @Test
        void isNotJoinedOnceItIsOverdue() {
            CompletableFuture<?> early = submit(PARTITION, acquire(1), 100);
            sent.get(0).made(new ScriptCall(LuaScript.heartbeat("clock.lua"), new byte[0][], (arguments) -> {}));
            assertThat(mailbox.overdue(100)).hasSize(1);
            submit(acquire(2));
            assertThat(operations(0)).containsExactly(acquire(1));
            assertThat(operations(1)).containsExactly(acquire(2));
            assertThat(early).isNotDone();
        }
    }

    @Nested
    class WhatMayShareACall {

        @BeforeEach
        void share() {
            shares = true;
        }

        @Test
        void isWhatFindsNothingUnderWay() {
            submit(acquire(1));
            assertThat(sent.get(0).isShared()).isTrue();
        }

        @Test
        void isNothingElse() {
            submit(release(1));
            assertThat(sent.get(0).isShared()).isFalse();
            submit(acquire(1));
            assertThat(sent.get(1).isShared()).as("a release is under way").isFalse();
        }

        @Test
        void isNotOvertaken() {
            submit(acquire(1));
            submit(release(2));
            submit(acquire(3));
            assertThat(sent).hasSize(1);
            answer(0);
            assertThat(operations(1)).containsExactly(release(2), acquire(3));
        }

        @Test
        void isJoinedUntilItIsWrittenByWhatTakesTheSame() {
            writes = false;
            submit(acquire(1));
            submit(acquire(2));
            submit(new Acquire("a:3", List.of(2L)));
            submit(acquire(4));
            assertThat(sent).hasSize(1);
            assertThat(operations(0)).containsExactly(acquire(1), acquire(2));
            answer(0);
            assertThat(operations(1)).containsExactly(new Acquire("a:3", List.of(2L)), acquire(4));
        }

        @Test
        void isNotWhatHasGatheredMeanwhile() {
            submit(acquire(1));
            submit(acquire(2));
            answer(0);
            submit(acquire(3));
            assertThat(sent).extracting(Batch::isShared).containsExactly(true, false, false);
        }

        @Test
        void isNothingForAWhileWhereItWasInVain() {
            for (int i = 0; i < 18; i++) {
                submit(acquire(i));
                if (i == 0) {
                    mailbox.keepsToItself();
                }
                answer(i);
            }
            assertThat(sent.get(0).isShared()).isTrue();
            assertThat(sent.subList(1, 17)).noneMatch(Batch::isShared);
            assertThat(sent.get(17).isShared()).isTrue();
        }
    }

    @Nested
    class Deadlines {

        @Test
        void ofOperationsThatWaitTakeThemOut() {
            fill();
            CompletableFuture<?> early = submit(PARTITION, acquire(1), 100);
            submit(PARTITION, acquire(2), 200);
            assertThat(mailbox.overdue(99)).isEmpty();
            assertThat(mailbox.overdue(100)).containsExactly(early);
            answer(0);
            assertThat(operations(2)).containsExactly(acquire(2));
        }

        @Test
        void ofAWholeCallEndTheCall() {
            submit(PARTITION, acquire(1), 100);
            ScriptCall call = new ScriptCall(LuaScript.heartbeat("clock.lua"), new byte[0][], (arguments) -> {});
            sent.get(0).made(call);
            assertThat(mailbox.overdue(99)).isEmpty();
            List<CompletableFuture<?>> overdue = mailbox.overdue(100);
            assertThat(overdue).hasSize(1);
            assertThat(overdue.get(0)).isSameAs(call.reply());
        }

        @Test
        void ofOneOperationOfACallEndThatAlone() {
            fill();
            CompletableFuture<?> early = submit(PARTITION, acquire(1), 100);
            submit(PARTITION, acquire(2), 200);
            answer(0);
            sent.get(2).made(new ScriptCall(LuaScript.heartbeat("clock.lua"), new byte[0][], (arguments) -> {}));
            List<CompletableFuture<?>> overdue = mailbox.overdue(150);
            assertThat(overdue).hasSize(1);
            assertThat(overdue.get(0)).isSameAs(early);
        }

        @Test
        void areKnownUntilTheyAreMet() {
            assertThat(mailbox.earliestDeadlineNanos()).isNull();
            CompletableFuture<?> first = submit(PARTITION, acquire(1), 100);
            CompletableFuture<?> second = submit(PARTITION, acquire(2), 200);
            submit(PARTITION, acquire(3), 300);
            assertThat(mailbox.earliestDeadlineNanos()).isEqualTo(100);
            first.cancel(false);
            assertThat(mailbox.earliestDeadlineNanos()).isEqualTo(200);
            second.cancel(false);
            assertThat(mailbox.earliestDeadlineNanos()).isEqualTo(300);
            answer(0);
            answer(1);
            assertThat(mailbox.earliestDeadlineNanos()).isEqualTo(300);
            answer(2);
            assertThat(mailbox.earliestDeadlineNanos()).isNull();
        }
    }

    @Nested
    class Retiring {

        private boolean takes() {
            return mailbox.submit(new Submission<>(PARTITION, acquire(9), NEVER, new CompletableFuture<>()));
        }

        @Test
        void endsOneThatHasNothing() {
            submit(acquire(1));
            answer(0);
            assertThat(mailbox.retire()).isTrue();
            assertThat(takes()).isFalse();
            assertThat(sent).hasSize(1);
            assertThat(mailbox.retire()).isTrue();
        }

        @Test
        void leavesOneAloneThatHasSomethingUnderWay() {
            submit(acquire(1));
            assertThat(mailbox.retire()).isFalse();
            assertThat(takes()).isTrue();
        }

        @Test
        void leavesOneAloneWhoseReleasesAreUnderWay() {
            submit(release(1));
            assertThat(mailbox.retire()).isFalse();
            assertThat(takes()).isTrue();
        }
    }
}
