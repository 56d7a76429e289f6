package io.ratelimit.testkit;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connection factories, as an application has one: shared within this JVM, one per server.
 */
public final class RedisConnections {

    private static final Map<Integer, LettuceConnectionFactory> FACTORIES = new ConcurrentHashMap<>();

    private RedisConnections() {}

    /** The shared factory for a server, started. */
    public static LettuceConnectionFactory to(RedisServer server) {
        return FACTORIES.computeIfAbsent(server.port(), (port) -> open(server.host(), port));
    }

    /** The shared factory for a cluster, started. */
    public static LettuceConnectionFactory to(RedisCluster cluster) {
        return FACTORIES.computeIfAbsent(
                cluster.nodes().iterator().next().port(),
                (port) -> started(new LettuceConnectionFactory(new RedisClusterConfiguration(
                        List.of(cluster.addresses().split(","))))));
    }

    /** A factory of the caller's own, started, to be destroyed. */
    public static LettuceConnectionFactory open(String host, int port) {
        return started(new LettuceConnectionFactory(new RedisStandaloneConfiguration(host, port)));
    }

    private static LettuceConnectionFactory started(LettuceConnectionFactory factory) {
        factory.afterPropertiesSet();
        factory.start();
        return factory;
    }
}
