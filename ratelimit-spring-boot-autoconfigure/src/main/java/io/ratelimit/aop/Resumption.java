package io.ratelimit.aop;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import reactor.core.scheduler.Schedulers;

/**
 * Where a subscription goes on that had to wait: on the event loop that it came from, such as that of its HTTP connection, or else on a thread of
 * {@link Schedulers#parallel()}. Never on the thread that brought the grant, which others wait for.
 */
final class Resumption {

    private static final boolean NETTY =
            isPresent("io.netty.util.internal.ThreadExecutorMap") && isPresent("io.netty.channel.EventLoop");

    private Resumption() {}

    static Executor ofCurrentThread() {
        Executor loop = NETTY ? Netty.eventLoop() : null;
        return (loop != null) ? loop : (task) -> Schedulers.parallel().schedule(task);
    }

    private static boolean isPresent(String type) {
        return ClassUtils.isPresent(type, Resumption.class.getClassLoader());
    }

    /** Loaded only where there is Netty. */
    private static final class Netty {

        static @Nullable Executor eventLoop() {
            EventExecutor executor = ThreadExecutorMap.currentExecutor();
            return (executor instanceof EventLoop) ? executor : null;
        }
    }
}
