package io.ratelimit.benchmarks;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.redisson.api.RPermitExpirableSemaphore;
import org.redisson.api.RSemaphore;
import org.redisson.api.RedissonClient;

/** Redisson's semaphores. */
final class RedissonSlots implements Slots {

    private static final long LEASE_MILLIS = 10_000;

    private final RedissonClient client;

    private final Taking taking;

    private RedissonSlots(RedissonClient client, Taking taking) {
        this.client = client;
        this.taking = taking;
    }

    /** Its {@link RPermitExpirableSemaphore}: slots with a lease. */
    static Slots permits(int port) {
        RedissonClient client = Redisson.connect(port);
        RPermitExpirableSemaphore semaphore = client.getPermitExpirableSemaphore("redisson:permits");
        semaphore.trySetPermits(COUNT);
        return new RedissonSlots(client, () -> {
            String permit = semaphore.tryAcquire(LONGEST_WAIT.toMillis(), LEASE_MILLIS, TimeUnit.MILLISECONDS);
            return Optional.ofNullable(permit).map((id) -> () -> semaphore.release(id));
        });
    }

    /** Its {@link RSemaphore}: a number without owners. */
    static Slots semaphore(int port) {
        RedissonClient client = Redisson.connect(port);
        RSemaphore semaphore = client.getSemaphore("redisson:semaphore");
        semaphore.trySetPermits(COUNT);
        return new RedissonSlots(
                client, () -> semaphore.tryAcquire(LONGEST_WAIT) ? Optional.of(semaphore::release) : Optional.empty());
    }

    @Override
    public Optional<Slot> take() throws InterruptedException {
        return this.taking.take();
    }

    @Override
    public void close() {
        this.client.shutdown();
    }

    private interface Taking {

        Optional<Slot> take() throws InterruptedException;
    }
}
