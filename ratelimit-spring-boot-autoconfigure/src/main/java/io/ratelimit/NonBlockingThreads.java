package io.ratelimit;

import io.netty.channel.EventLoop;
import io.netty.util.internal.ThreadExecutorMap;
import org.springframework.util.ClassUtils;
import reactor.core.scheduler.Schedulers;

/**
 * Knows the threads that must never wait, because others wait for them: the event loops of Netty, which serve WebFlux and
 * the connections to Redis, and Reactor's threads for work that does not block.
 *
 * @since 0.1.0
 */
public final class NonBlockingThreads {

    private static final boolean REACTOR = isPresent("reactor.core.scheduler.Schedulers");

    private static final boolean NETTY =
            isPresent("io.netty.util.internal.ThreadExecutorMap") && isPresent("io.netty.channel.EventLoop");

    private NonBlockingThreads() {}

    /**
     * Returns whether the current thread is one.
     *
     * @return whether it must not wait
     */
    public static boolean isCurrent() {
        return (REACTOR && Reactor.isCurrent()) || (NETTY && Netty.isCurrent());
    }

    /**
     * Makes sure that the current thread may wait.
     *
     * @throws IllegalStateException if it must not; the message says what to do instead
     */
    public static void check() {
        if (isCurrent()) {
            throw new IllegalStateException(
                    "A permit cannot be acquired by waiting on the thread '%s', which must not be blocked. Let the limited method return a Mono, a Flux or a CompletableFuture, or call Limiter.acquireAsync; or call this on another thread, such as with subscribeOn(Schedulers.boundedElastic())."
                            .formatted(Thread.currentThread().getName()));
        }
    }

    private static boolean isPresent(String type) {
        return ClassUtils.isPresent(type, NonBlockingThreads.class.getClassLoader());
    }

    /** Loaded only where there is Reactor. */
    private static final class Reactor {

        static boolean isCurrent() {
            return Schedulers.isInNonBlockingThread();
        }
    }

    /** Loaded only where there is Netty. */
    private static final class Netty {

        static boolean isCurrent() {
            return ThreadExecutorMap.currentExecutor() instanceof EventLoop;
        }
    }
}
