package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.LimitExceededException;
import io.ratelimit.LimitRequest;
import io.ratelimit.LimitStatus;
import io.ratelimit.Permit;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Cancel;
import io.ratelimit.backend.Operation.Withdraw;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Calls that stop waiting before their time is up: cancelled, interrupted, or because the application stops.
 */
class GivingUpTests extends WaitingEngines {

    private static final int RACES = 100;

    @Nested
    class Cancelling {

        @Test
        void leavesTheQueue() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            CompletableFuture<Permit> behind = waitFor(there, LimitRequest.of("slot"));
            time.advance(Duration.ofSeconds(2));
            waiting.cancel(false);
            assertThat(queue("slot")).hasSize(1);
            before.close();
            granted(behind).close();
            isFree("slot");
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.CANCELLED);
            assertThat(answers.times).containsExactly(Duration.ofSeconds(2));
        }

        @Test
        void beforeTheCallHasArrivedKeepsItFromWaitingWhenItDoes() {
            Permit before = there.acquire("slot");
            backend.holdBack(Acquire.class);
            CompletableFuture<Permit> waiting = ask("slot");
            waiting.cancel(false);
            backend.letGo();
            assertThat(queue("slot")).isEmpty();
            before.close();
            isFree("slot");
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.CANCELLED);
        }

        @Test
        void beforeTheCallHasArrivedKeepsItFromHoldingWhatIsFreeWhenItDoes() {
            backend.holdBack(Acquire.class);
            CompletableFuture<Permit> asking = ask("both");
            asking.cancel(false);
            backend.letGo();
            assertThat(snapshot("both").limits()).extracting(LimitStatus::used).containsExactly(0L, 0L);
            isFree("both");
        }

        @Test
        void beforeTheAnswerLeavesTheQueue() {
            Permit before = there.acquire("slot");
            backend.holdBackReplies(Acquire.class);
            CompletableFuture<Permit> waiting = ask("slot");
            assertThat(queue("slot")).hasSize(1);
            waiting.cancel(false);
            assertThat(queue("slot")).isEmpty();
            backend.letGo();
            here.beat();
            assertThat(queue("slot")).isEmpty();
            before.close();
            isFree("slot");
        }

        @Test
        void beforeTheGrantIsToldGivesItBack() {
            for (int i = 0; i < 2; i++) {
                there.acquire(LimitRequest.of("both")).close();
            }
            Permit before = there.acquire("both");
            CompletableFuture<Permit> waiting = waitFor("both");
            CompletableFuture<Permit> behind = waitFor(there, LimitRequest.of("both"));
            time.advance(Duration.ofMillis(1_001));
            holdBackMessages();
            before.close();
            assertThat(used("both")).isEqualTo(1);
            waiting.cancel(false);
            backend.letGo();
            granted(behind);
            assertThat(snapshot("both").limits()).extracting(LimitStatus::used).containsExactly(1L, 1L);
            granted(behind).close();
            isFree("both");
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.CANCELLED);
        }

        @Test
        void afterTheGrantChangesNothing() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            before.close();
            assertThat(waiting.cancel(false)).isFalse();
            assertThat(granted(waiting).isValid()).isTrue();
            assertThat(used("slot")).isEqualTo(1);
            assertThat(arrived(Cancel.class)).isEmpty();
        }

        @Test
        void afterTheTimeIsUpLeavesTheQueueOnce() {
            Permit before = there.acquire("slot");
            backend.holdBack(Withdraw.class);
            CompletableFuture<Permit> waiting = ask("slot", MOMENT);
            isHeldBack(1);
            waiting.cancel(false);
            backend.letGo();
            before.close();
            isFree("slot");
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.CANCELLED);
        }

        @Test
        void whoeverIsFirstNeitherLosesNorDoublesASlot() {
            Race race = new Race();
            for (int i = 0; i < RACES; i++) {
                Permit before = there.acquire("slot");
                CompletableFuture<Permit> waiting = ask("slot");
                race.run(before::close, () -> waiting.cancel(false));
                if (!waiting.isCancelled()) {
                    assertThat(used("slot")).isEqualTo(1);
                    granted(waiting).close();
                }
                isFree("slot");
            }
            race.close();
            assertThat(answers.outcomes).hasSize(RACES).isSubsetOf(AcquireOutcome.ACQUIRED, AcquireOutcome.CANCELLED);
        }
    }

    @Nested
    class Interrupting {

        private final AtomicReference<Throwable> thrown = new AtomicReference<>();

        private final AtomicBoolean flag = new AtomicBoolean();

        private Thread caller(Runnable acquisition) {
            Thread caller = new Thread(() -> {
                try {
                    acquisition.run();
                } catch (RuntimeException ex) {
                    this.thrown.set(ex);
                    this.flag.set(Thread.currentThread().isInterrupted());
                }
            });
            caller.start();
            return caller;
        }

        @Test
        void leavesTheQueueAndKeepsTheFlag() throws InterruptedException {
            Permit before = there.acquire("slot");
            Thread caller = caller(() -> here.acquire("slot"));
            await().until(() -> queue("slot").size() == 1);
            caller.interrupt();
            caller.join();
            assertThat(this.thrown.get()).isInstanceOf(CancellationException.class);
            assertThat(this.flag).isTrue();
            assertThat(queue("slot")).isEmpty();
            before.close();
            isFree("slot");
            assertThat(answers.outcomes).containsExactly(AcquireOutcome.CANCELLED);
        }

        @Test
        void beforeTheCallKeepsItFromWaiting() {
            there.acquire("slot");
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> here.acquire("slot")).isInstanceOf(CancellationException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(queue("slot")).isEmpty();
        }

        @Test
        void undoesWhatIsGrantedBeforeItIsHeardOf() {
            CompletableFuture<String> acquisition = new CompletableFuture<>() {
                @Override
                public String get() throws InterruptedException {
                    complete("granted");
                    throw new InterruptedException();
                }
            };
            List<String> undone = new ArrayList<>();
            assertThatThrownBy(() -> LimiterEngine.await(acquisition, undone::add))
                    .isInstanceOf(CancellationException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(undone).containsExactly("granted");
        }

        @Test
        void leavesAFailureAsItIs() {
            CompletableFuture<String> acquisition = new CompletableFuture<>() {
                @Override
                public String get() throws InterruptedException {
                    completeExceptionally(new IllegalStateException());
                    throw new InterruptedException();
                }
            };
            assertThatThrownBy(() -> LimiterEngine.await(acquisition, (permit) -> fail("there is none")))
                    .isInstanceOf(CancellationException.class);
            assertThat(Thread.interrupted()).isTrue();
        }

        @Test
        void inARaceWithTheGrantLosesNothing() {
            neitherLosesNorKeeps(() -> here.acquire("slot").close());
        }

        @Test
        void inARaceWithTheGrantOfATryLosesNothing() {
            neitherLosesNorKeeps(() -> here.tryAcquire(LimitRequest.of("slot")).ifPresent(Permit::close));
        }

        @Test
        void inARaceWithTheGrantOfTheLastOfSeveralLosesNothing() {
            List<LimitRequest> one = List.of(LimitRequest.of("slot"));
            neitherLosesNorKeeps(() -> here.acquireAll(one).forEach(Permit::close));
        }

        private void neitherLosesNorKeeps(Runnable call) {
            Runnable interrupted = () -> {
                Thread.currentThread().interrupt();
                try {
                    call.run();
                } catch (CancellationException ex) {
                    // nobody holds anything now
                } finally {
                    Thread.interrupted();
                }
            };
            try (Race race = new Race()) {
                for (int i = 0; i < 500; i++) {
                    int delay = i % 400;
                    backend.holdBackReplies(Acquire.class);
                    race.run(interrupted, () -> answerAfter(delay));
                    isFree("slot");
                }
            }
        }

        private void answerAfter(int spins) {
            while (backend.heldBack() == 0) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < spins; i++) {
                Thread.onSpinWait();
            }
            backend.letGo();
        }
    }

    @Nested
    class AcquiringSeveral {

        private final List<LimitRequest> both = List.of(LimitRequest.of("slot"), LimitRequest.of("other"));

        @Test
        void waitsForEachInTurn() {
            Permit first = there.acquire("slot");
            Permit second = there.acquire("other");
            CompletableFuture<List<Permit>> all = here.acquireAllAsync(this.both);
            assertThat(queue("slot")).hasSize(1);
            assertThat(queue("other")).isEmpty();
            first.close();
            assertThat(queue("other")).hasSize(1);
            assertThat(all).isNotDone();
            second.close();
            assertThat(all).isCompletedWithValueMatching((permits) -> permits.size() == 2);
        }

        @Test
        void undoesTheFirstWhereTheSecondWaitsInVain() {
            there.acquire("other");
            CompletableFuture<List<Permit>> all = here.acquireAllAsync(
                    List.of(LimitRequest.of("both"), LimitRequest.of("other").maxWait(MOMENT)));
            isTimedOut(all);
            assertThat(snapshot("both").limits()).extracting(LimitStatus::used).containsExactly(0L, 0L);
            isFree("both");
            assertThat(queue("other")).isEmpty();
        }

        @Test
        void undoesTheFirstWhereTheQueueOfTheSecondIsFull() {
            there.acquire("narrow");
            waitFor("narrow");
            waitFor("narrow");
            CompletableFuture<List<Permit>> all =
                    here.acquireAllAsync(List.of(LimitRequest.of("slot"), LimitRequest.of("narrow")));
            assertThat(failureOf(all)).isInstanceOf(LimitExceededException.class);
            isFree("slot");
        }

        @Test
        void undoesTheFirstWhereTheApplicationStopsMeanwhile() {
            there.acquire("other");
            CompletableFuture<List<Permit>> all = here.acquireAllAsync(this.both);
            here.stop();
            assertThat(failureOf(all)).isInstanceOf(CancellationException.class);
            isFree("slot");
            assertThat(queue("other")).isEmpty();
        }
    }

    @Nested
    class Stopping {

        @Test
        void endsAllWaiting() {
            Permit before = there.acquire("slot");
            CompletableFuture<Permit> waiting = waitFor("slot");
            CompletableFuture<Permit> keyed =
                    here.acquireAsync(LimitRequest.of("slot").key("k"));
            granted(keyed);
            CompletableFuture<Permit> keyedWaiting =
                    here.acquireAsync(LimitRequest.of("slot").key("k"));
            CompletableFuture<Permit> ofAnother = waitFor(there, LimitRequest.of("slot"));
            here.stop();
            assertThat(failureOf(waiting)).isInstanceOf(CancellationException.class);
            assertThat(failureOf(keyedWaiting)).isInstanceOf(CancellationException.class);
            assertThat(queue("slot")).hasSize(1);
            assertThat(there.operations().inspect("slot", "k").join().queue()).isEmpty();
            before.close();
            granted(ofAnother);
            assertThat(answers.outcomes)
                    .containsExactlyInAnyOrder(
                            AcquireOutcome.ACQUIRED, AcquireOutcome.CANCELLED, AcquireOutcome.CANCELLED);
        }

        @Test
        void tellsTheCallersThatBlock() {
            there.acquire("slot");
            CompletableFuture<Throwable> caller = CompletableFuture.supplyAsync(() -> {
                try {
                    return new AssertionError(here.acquire("slot"));
                } catch (RuntimeException ex) {
                    return ex;
                }
            });
            await().until(() -> queue("slot").size() == 1);
            here.stop();
            assertThat(caller.join()).isInstanceOf(CancellationException.class);
        }

        @Test
        void endsWaitingThatTheBackendHasNotAnsweredYet() {
            Permit before = there.acquire("slot");
            backend.holdBackReplies(Acquire.class);
            CompletableFuture<Permit> waiting = ask("slot");
            here.stop();
            assertThat(failureOf(waiting)).isInstanceOf(CancellationException.class);
            backend.letGo();
            before.close();
            isFree("slot");
        }

        @Test
        void waitsUntilThePlacesInQueuesAreTakenBack() throws InterruptedException {
            there.acquire("slot");
            waitFor("slot");
            backend.holdBack(Cancel.class);
            Thread stopper = new Thread(here::stop);
            stopper.start();
            isHeldBack(1);
            await().until(() -> stopper.getState() == Thread.State.TIMED_WAITING);
            backend.letGo();
            stopper.join();
            assertThat(queue("slot")).isEmpty();
        }

        @Test
        void leavesTheEngineReadyToWaitAgain() {
            Permit before = there.acquire("slot");
            here.stop();
            CompletableFuture<Permit> waiting = waitFor("slot");
            before.close();
            granted(waiting).close();
            isFree("slot");
        }

        @Test
        void forGoodLeavesWhatIsGrantedBehindItToItsCaller() {
            backend.holdBackReplies(Acquire.class);
            CompletableFuture<Permit> asked = ask("held", Duration.ZERO);
            here.close();
            backend.letGo();
            granted(asked).close();
            isFree("held");
        }

        @Test
        void forGoodLetsNobodyBeginToWait() {
            there.acquire("slot");
            here.close();
            assertThat(failureOf(ask("slot"))).isInstanceOf(CancellationException.class);
            assertThat(queue("slot")).isEmpty();
        }
    }
}
