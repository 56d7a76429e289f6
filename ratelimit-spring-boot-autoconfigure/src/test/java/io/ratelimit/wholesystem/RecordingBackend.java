package io.ratelimit.wholesystem;

import io.ratelimit.backend.GrantListener;
import io.ratelimit.backend.LimitBackend;
import io.ratelimit.backend.Membership;
import io.ratelimit.backend.Operation;
import io.ratelimit.backend.Operation.Acquire;
import io.ratelimit.backend.Partition;
import io.ratelimit.backend.Reply;
import io.ratelimit.backend.Reply.Decision;
import io.ratelimit.backend.Reply.Granted;
import io.ratelimit.backend.Reply.Refused;
import io.ratelimit.backend.Reply.Renewed;
import io.ratelimit.backend.Settings;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Reports what a backend tells the engine and no caller is told: tickets that were refused, and when rates were granted by the clock of
 * the backend.
 */
final class RecordingBackend implements LimitBackend {

    private final LimitBackend backend;

    RecordingBackend(LimitBackend backend) {
        this.backend = backend;
    }

    @Override
    public <R extends Reply> CompletionStage<R> execute(Partition partition, Operation<R> operation) {
        return this.backend.execute(partition, operation).whenComplete((reply, failure) -> {
            if (operation instanceof Acquire acquire && reply instanceof Refused) {
                Reports.report(Event.TURNED_AWAY, 0, 0, acquire.ticket());
            } else if (reply instanceof Decision decision) {
                report(decision);
            } else if (reply instanceof Renewed renewed) {
                renewed.tickets().forEach(RecordingBackend::report);
            }
        });
    }

    @Override
    public CompletionStage<Membership> heartbeat(String instance, Duration lease) {
        return this.backend.heartbeat(instance, lease);
    }

    @Override
    public CompletionStage<Settings> settings(Map<String, Optional<String>> changes) {
        return this.backend.settings(changes);
    }

    @Override
    public void listen(String instance, GrantListener listener) {
        this.backend.listen(instance, new GrantListener() {

            @Override
            public void granted(String ticket, Granted grant) {
                report(grant);
                listener.granted(ticket, grant);
            }

            @Override
            public void turn(String ticket, Duration wait) {
                listener.turn(ticket, wait);
            }

            @Override
            public void missed() {
                listener.missed();
            }
        });
    }

    private static void report(Decision decision) {
        if (decision instanceof Granted grant && grant.leaseMicros() == 0) {
            Reports.report(Event.ADMITTED, grant.grantedAtMicros(), grant.fence());
        }
    }
}
