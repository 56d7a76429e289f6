package io.ratelimit.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.LimitRequest;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Partition;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class LineTests {

    private static final ResourceDefinition POOL = ResourceDefinition.of("pool", ConcurrencyLimit.of(1));

    private final MovableTime time = new MovableTime();

    private final SteeredTimers timers = new SteeredTimers(this.time);

    private int wentOn;

    private final Line line = new Line(this.timers, this.time, () -> this.wentOn++);

    private final Waiter waiter = waiter(1);

    private Waiter waiter(int number) {
        LimitRequest request = LimitRequest.of("pool").maxWait(Duration.ofMinutes(1));
        Route route = new Route(new MemoryBackend(), new Listeners(List.of()), (partition, status) -> {}, this.time);
        Place where = new Place(route, new Partition("pool", null, POOL.limits(), 0, Duration.ofSeconds(10)));
        return new Waiter(Acquisition.of(request, Terms.of(POOL), 0).with("a:" + number), where, 0, (settled) -> {
            throw new AssertionError("Nothing is settled here");
        });
    }

    @AfterEach
    void stop() {
        this.timers.shutdownNow();
    }

    @Nested
    class TheNextEndOfALease {

        @Test
        void letsTheQueueGoOn() {
            line.add(waiter);
            line.wakeIn(5_000_000);
            timers.advance(Duration.ofSeconds(5).minusNanos(1));
            assertThat(wentOn).isZero();
            timers.advance(Duration.ofNanos(1));
            assertThat(wentOn).isEqualTo(1);
            assertThat(timers.armed()).isZero();
        }

        @Test
        void isMovedByEveryAnswerWithoutMoreTimers() {
            line.add(waiter);
            for (int i = 0; i < 10; i++) {
                line.wakeIn(5_000_000);
                assertThat(timers.armed()).isEqualTo(1);
                timers.advance(Duration.ofSeconds(3));
            }
            assertThat(wentOn).isZero();
            timers.advance(Duration.ofSeconds(2));
            assertThat(wentOn).isEqualTo(1);
        }

        @Test
        void thatComesNearerIsMetInTime() {
            line.add(waiter);
            line.wakeIn(10_000_000);
            line.wakeIn(2_000_000);
            timers.advance(Duration.ofSeconds(2));
            assertThat(wentOn).isEqualTo(1);
        }

        @Test
        void isNoneWhereNobodyWaits() {
            line.add(waiter);
            line.wakeIn(0);
            assertThat(timers.armed()).isZero();
        }

        @Test
        void movesNobodyWhoHasLeft() {
            line.add(waiter);
            line.wakeIn(5_000_000);
            assertThat(line.remove(waiter)).isTrue();
            timers.advance(Duration.ofSeconds(5));
            assertThat(wentOn).isZero();
            assertThat(timers.armed()).isZero();
        }
    }

    @Nested
    class TheTurn {

        @Test
        void letsTheQueueGoOn() {
            line.add(waiter);
            line.turnIn(Duration.ofMillis(20));
            timers.advance(Duration.ofMillis(19));
            assertThat(wentOn).isZero();
            timers.advance(Duration.ofMillis(1));
            assertThat(wentOn).isEqualTo(1);
        }

        @Test
        void thatIsToldAgainMovesTheQueueOnce() {
            line.add(waiter);
            for (int i = 0; i < 10; i++) {
                line.turnIn(Duration.ofMillis(20));
            }
            assertThat(timers.armed()).isEqualTo(1);
            timers.advance(Duration.ofSeconds(1));
            assertThat(wentOn).isEqualTo(1);
        }

        @Test
        void thatIsToldToComeSoonerComesSooner() {
            line.add(waiter);
            line.turnIn(Duration.ofMillis(20));
            line.turnIn(Duration.ofMillis(5));
            timers.advance(Duration.ofMillis(5));
            assertThat(wentOn).isEqualTo(1);
        }

        @Test
        void movesNobodyWhoHasLeft() {
            line.add(waiter);
            line.turnIn(Duration.ofMillis(20));
            line.remove(waiter);
            timers.advance(Duration.ofMillis(20));
            assertThat(wentOn).isZero();
        }
    }

    @Test
    void knowsWhichOfItsTicketsAreQueued() {
        Waiter other = waiter(2);
        this.line.add(this.waiter);
        this.line.add(other);
        assertThat(this.line.queued()).isEmpty();
        assertThat(this.line.remove(this.waiter)).isFalse();
        assertThat(this.line.remove(other)).isTrue();
    }

    @Test
    void doesNothingOnceItsTimersAreStopped() {
        Line stopped = new Line(new ScheduledThreadPoolExecutor(0), this.time, () -> this.wentOn++);
        this.timers.shutdownNow();
        this.line.add(this.waiter);
        this.line.wakeIn(1);
        this.line.turnIn(Duration.ofMillis(1));
        assertThat(this.wentOn).isZero();
        assertThat(stopped.queued()).isEmpty();
    }
}
