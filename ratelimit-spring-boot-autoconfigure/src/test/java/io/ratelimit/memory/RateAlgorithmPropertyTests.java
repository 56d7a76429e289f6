package io.ratelimit.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitStatus;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import io.ratelimit.backend.ManualClock;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import java.math.BigInteger;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tries to break the guarantee of each algorithm: bursts at borders, fractions, windows from 10 ms to 30 days, limits from 1 to 10 million,
 * amounts, long idle times, debts and refunds in any order. The same machine in Lua is compared with this one elsewhere.
 */
class RateAlgorithmPropertyTests {

    private static final int HISTORIES = 400;

    private static final int STEPS = 120;

    /** As many as a bucket remembers exactly. */
    private static final int FEW_STEPS = 60;

    private int granted;

    private int refused;

    private int refunds;

    private int debts;

    @ParameterizedTest
    @EnumSource(RateAlgorithm.class)
    void holdsItsGuarantee(RateAlgorithm algorithm) {
        long seed = Long.getLong("ratelimit.test.seed", System.nanoTime());
        System.out.printf("%s, %s: -Dratelimit.test.seed=%d%n", getClass().getSimpleName(), algorithm, seed);
        for (int i = 0; i < HISTORIES; i++) {
            new History(algorithm, new Random(seed + i), (i % 2 == 0) ? FEW_STEPS : STEPS, seed + i).run();
        }
        assertThat(List.of(this.granted, this.refused, this.refunds, this.debts))
                .allSatisfy((count) -> assertThat(count).isGreaterThan(HISTORIES));
    }

    /** An amount that was charged, as it was corrected since. */
    private static final class Charge {

        private final long at;

        private long amount;

        private Charge(long at, long amount) {
            this.at = at;
            this.amount = amount;
        }
    }

    private final class History {

        private final ManualClock clock = new ManualClock();

        private final MemoryBackend backend = new MemoryBackend(this.clock);

        private final RateLimit limit;

        private final long windowMicros;

        private final Partition partition;

        private final Random random;

        private final int steps;

        private final String name;

        private final List<Charge> charges = new ArrayList<>();

        private int tickets;

        private History(RateAlgorithm algorithm, Random random, int steps, long seed) {
            this.random = random;
            this.steps = steps;
            this.limit = limit(algorithm);
            this.windowMicros = this.limit.window().toNanos() / 1_000;
            this.partition = new Partition("resource", null, List.of(this.limit), 1, Duration.ofSeconds(10));
            this.name = "seed %d: %s".formatted(seed, this.limit);
        }

        private RateLimit limit(RateAlgorithm algorithm) {
            long limit = upTo(10_000_000);
            Duration window = Duration.of(10_000 + upTo(30L * 24 * 3600 * 1_000_000 - 10_000), ChronoUnit.MICROS);
            RateLimit plain = new RateLimit("default", limit, window, algorithm);
            if (!algorithm.isBucket() || this.random.nextInt(3) == 0) {
                return plain;
            }
            long most = limit * (Duration.ofDays(3650).toSeconds() / (window.toSeconds() + 1));
            return new RateLimit("default", limit, window, algorithm, upTo(Math.min(10_000_000, most)));
        }

        /** From 1 to a number, each order of magnitude as likely. */
        private long upTo(long most) {
            return 1 + (long) (Math.exp(this.random.nextDouble() * Math.log(most)) - 1);
        }

        private void run() {
            for (int step = 0; step < this.steps; step++) {
                this.clock.move(step());
                switch (this.random.nextInt(10)) {
                    case 0, 1, 2 -> correct();
                    case 3 -> exactly();
                    default -> acquire(amount());
                }
                if (this.limit.algorithm().isBucket()) {
                    isAsFullAsIfAllHadBeenKnown();
                }
            }
        }

        private long step() {
            long unit = Math.max(1, this.windowMicros / this.limit.limit());
            return switch (this.random.nextInt(12)) {
                case 0, 1, 2, 3 -> 0;
                case 4, 5 -> 1 + this.random.nextInt(3);
                case 6 -> this.random.nextLong(2 * unit + 1);
                case 7, 8 -> this.random.nextLong(this.windowMicros / 3 + 1);
                case 9 -> toABorder();
                case 10 -> this.random.nextLong(3 * this.windowMicros);
                default -> this.random.nextInt(8) == 0 ? this.random.nextLong(200) * this.windowMicros : 0;
            };
        }

        /** To one window behind an event, a microsecond less or more. */
        private long toABorder() {
            if (this.charges.isEmpty()) {
                return 0;
            }
            Charge charge = this.charges.get(this.random.nextInt(this.charges.size()));
            long border = charge.at + this.windowMicros - 1 + this.random.nextInt(3);
            return Math.max(0, border - this.clock.getAsLong());
        }

        private long amount() {
            return switch (this.random.nextInt(4)) {
                case 0 -> 1;
                case 1 -> this.limit.capacity();
                default -> upTo(this.limit.capacity());
            };
        }

        private Reply.Decision acquire(long amount) {
            Reply.Decision decision = this.backend
                    .execute(this.partition, new Acquire("a:" + this.tickets++, List.of(amount)))
                    .toCompletableFuture()
                    .join();
            if (decision instanceof Granted grant) {
                granted++;
                this.charges.add(new Charge(grant.grantedAtMicros(), amount));
                assertGuaranteed();
            } else {
                refused++;
            }
            return decision;
        }

        /** A refusal says to the microsecond when to come again. */
        private void exactly() {
            long amount = amount();
            if (acquire(amount) instanceof Refused refusal) {
                long wait = refusal.retryAfter().toNanos() / 1_000;
                assertThat(wait).as(this.name).isPositive();
                this.clock.move(wait - 1);
                assertThat(acquire(amount)).as(this.name).isInstanceOf(Refused.class);
                this.clock.move(1);
                assertThat(acquire(amount)).as(this.name).isInstanceOf(Granted.class);
            }
        }

        private void correct() {
            if (this.charges.isEmpty() || this.random.nextInt(4) == 0) {
                long amount = upTo(3 * this.limit.capacity());
                long at = update(amount, 0);
                this.charges.add(new Charge(at, amount));
                debts++;
                return;
            }
            int back = (int) Math.min(this.charges.size(), upTo(this.charges.size()));
            Charge charge = this.charges.get(this.charges.size() - back);
            if (charge.amount > 0) {
                long refunded = this.random.nextBoolean() ? charge.amount : upTo(charge.amount);
                update(-refunded, charge.at);
                charge.amount -= refunded;
                refunds++;
            }
        }

        private long update(long difference, long chargedAt) {
            return this.backend
                    .execute(this.partition, new Update(0, difference, chargedAt))
                    .toCompletableFuture()
                    .join()
                    .atMicros();
        }

        /** Since any moment, what was used in the end is within what the algorithm gives; asked when all debt is paid. */
        private void assertGuaranteed() {
            long now = this.clock.getAsLong();
            long sum = 0;
            for (int i = this.charges.size() - 1; i >= 0; i--) {
                sum += this.charges.get(i).amount;
                long passed = now - this.charges.get(i).at;
                assertThat(isGuaranteed(sum, passed))
                        .as("%s: %d in %d us", this.name, sum, passed)
                        .isTrue();
            }
        }

        private boolean isGuaranteed(long sum, long passedMicros) {
            return switch (this.limit.algorithm()) {
                case SLIDING_WINDOW -> sum <= this.limit.limit() * (passedMicros / (this.windowMicros + 1) + 1);
                case FIXED_WINDOW -> sum <= this.limit.limit() * (passedMicros / this.windowMicros + 2);
                case TOKEN_BUCKET, LEAKY_BUCKET ->
                    product(sum - this.limit.burst(), this.windowMicros)
                                    .compareTo(product(passedMicros, this.limit.limit()))
                            <= 0;
            };
        }

        /** A bucket never forgets nor forgives: it is as full as if each amount had been right from the start. */
        private void isAsFullAsIfAllHadBeenKnown() {
            BigInteger level = BigInteger.ZERO;
            long at = 0;
            for (Charge charge : this.charges) {
                level = level.subtract(product(charge.at - at, this.limit.limit()))
                        .max(BigInteger.ZERO)
                        .add(product(charge.amount, this.windowMicros));
                at = charge.at;
            }
            level = level.subtract(product(this.clock.getAsLong() - at, this.limit.limit()))
                    .max(BigInteger.ZERO);
            BigInteger[] units = level.divideAndRemainder(BigInteger.valueOf(this.windowMicros));
            long expected = units[0].longValueExact() + units[1].signum();
            LimitStatus status = this.backend
                    .execute(this.partition, new Inspect(0))
                    .toCompletableFuture()
                    .join()
                    .status()
                    .limits()
                    .get(0);
            if (this.steps == FEW_STEPS) {
                assertThat(status.used()).as(this.name).isEqualTo(expected);
            } else {
                assertThat(status.used()).as(this.name).isGreaterThanOrEqualTo(expected);
            }
        }

        private static BigInteger product(long one, long other) {
            return BigInteger.valueOf(one).multiply(BigInteger.valueOf(other));
        }
    }
}
