package io.ratelimit.engine;

import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Settings;
import io.ratelimit.memory.MemoryBackend;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

class PoolFailoverInMemoryTests extends PoolFailover {

    private final OnePerResource machines = new OnePerResource();

    @Override
    LimitBackend backend() {
        return this.machines;
    }

    @Override
    void lose(String resource) {
        this.machines.byResource.remove(resource);
    }

    /**
     * A machine for each resource, so that each can lose its state alone.
     */
    private static final class OnePerResource implements LimitBackend {

        private final Map<String, MemoryBackend> byResource = new ConcurrentHashMap<>();

        private final Map<String, GrantListener> listeners = new ConcurrentHashMap<>();

        @Override
        public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
            return this.byResource
                    .computeIfAbsent(partition.resource(), (resource) -> machine())
                    .execute(partition, operation);
        }

        private MemoryBackend machine() {
            MemoryBackend machine = new MemoryBackend();
            this.listeners.forEach(machine::listen);
            return machine;
        }

        @Override
        public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
            return machine().heartbeat(instance, lease);
        }

        @Override
        public CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
            return machine().settings(changes);
        }

        @Override
        public void listen(String instance, GrantListener listener) {
            this.listeners.put(instance, listener);
        }
    }
}
