package io.ratelimit.compatibility;

import io.ratelimit.testkit.RedisServer;
import org.springframework.boot.WebApplicationType;

/** The web stacks, each with an application that all tests of this JVM share. */
enum Stack {

    /** Spring MVC on Tomcat. */
    MVC(WebApplicationType.SERVLET),

    /** Spring WebFlux on Netty. */
    WEBFLUX(WebApplicationType.REACTIVE);

    private final WebApplicationType type;

    private RunningApplication application;

    Stack(WebApplicationType type) {
        this.type = type;
    }

    /** Starts an application of the caller's own. */
    RunningApplication start(RedisServer redis, String... properties) {
        return RunningApplication.start(this.type, redis, properties);
    }

    /** Returns the application that is shared, on the Redis that is shared. */
    synchronized RunningApplication application() {
        if (this.application == null) {
            this.application = start(RedisServer.shared(), "ratelimit.key-prefix=" + name() + ":");
        }
        return this.application;
    }
}
