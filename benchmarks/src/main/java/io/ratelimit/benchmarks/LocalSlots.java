package io.ratelimit.benchmarks;

import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A fair semaphore in this JVM. */
final class LocalSlots implements Slots {

    private final Semaphore semaphore = new Semaphore(COUNT, true);

    @Override
    public Optional<Slot> take() throws InterruptedException {
        boolean granted = this.semaphore.tryAcquire(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        return granted ? Optional.of(this.semaphore::release) : Optional.empty();
    }

    @Override
    public void close() {}
}
