package io.ratelimit.engine;

import io.ratelimit.BackendFailurePolicy;
import io.ratelimit.Limit;
import io.ratelimit.LimitStatus;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.backend.Operation.Inspect;
import io.ratelimit.backend.Operation.Update;
import io.ratelimit.backend.Partition;
import io.ratelimit.engine.Sightings.Sighting;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * This instance's shares of the limits while the backend is away. What it holds there counts here, and its part of what was used of rates
 * there; what is granted here counts there as soon as the backend is back. Thread-safe.
 */
final class Shares {

    private final Route backend;

    private final Route memory;

    private final Partitions partitions;

    private final Leases leases;

    private final Sightings sightings;

    Shares(Route backend, Route memory, Partitions partitions, Leases leases, Sightings sightings) {
        this.backend = backend;
        this.memory = memory;
        this.partitions = partitions;
        this.leases = leases;
        this.sightings = sightings;
    }

    /** Returns whether a place is a share. */
    boolean isShare(Place place) {
        return place.route() == this.memory;
    }

    /** Returns where to acquire while the backend is away: all that is known to be taken is taken there. */
    Place of(Acquisition acquisition) {
        Place share = share(acquisition);
        this.leases.survey(this::countHeld);
        charge(share);
        return share;
    }

    /** Returns a fencing token that is comparable with those of the backend, as far as its clock is known. */
    long fencingToken(Place where, long fence) {
        return isShare(where) ? fence + this.partitions.aheadMicros() : fence;
    }

    /** Lets what was granted here count at the backend, from the next renewal on. */
    void handIn() {
        long shiftMicros = this.partitions.aheadMicros();
        for (GrantedPermit permit : this.leases.all()) {
            if (isShare(permit.origin()) && !permit.countsElsewhere()) {
                Acquisition acquisition = permit.acquisition();
                Place home = new Place(this.backend, this.partitions.shared(acquisition.terms(), acquisition.key()));
                permit.countElsewhere(new Elsewhere(home, shiftMicros, true));
            }
        }
    }

    private Place share(Acquisition acquisition) {
        return new Place(this.memory, this.partitions.share(acquisition.terms(), acquisition.key()));
    }

    private void countHeld(Collection<GrantedPermit> permits) {
        long shiftMicros = -this.partitions.aheadMicros();
        Map<Place, List<GrantedPermit>> places = new HashMap<>();
        for (GrantedPermit permit : permits) {
            ResourceDefinition definition = permit.acquisition().definition();
            if (permit.origin().route() == this.backend
                    && !permit.countsElsewhere()
                    && definition.onBackendFailure() == BackendFailurePolicy.LOCAL) {
                Place share = share(permit.acquisition());
                permit.countElsewhere(new Elsewhere(share, shiftMicros, false));
                places.computeIfAbsent(share, (absent) -> new ArrayList<>()).add(permit);
            }
        }
        places.forEach(this.leases::renew);
    }

    /** Charges what this instance's part of the rates was when they were last seen, where less is charged here. */
    private void charge(Place share) {
        Partition partition = share.partition();
        Sighting seen = this.sightings.take(partition);
        if (seen == null || !areSame(seen.limits(), partition.limits())) {
            return;
        }
        long nowNanos = this.leases.nanoTime();
        int instances = this.partitions.liveInstances();
        share.route().execute(partition, new Inspect(0)).thenAccept((here) -> {
            for (int i = 0; i < partition.limits().size(); i++) {
                long part = (seen.used(i, nowNanos) + instances - 1) / instances;
                long missing = part - here.status().limits().get(i).used();
                if (part > 0 && missing > 0) {
                    share.route().execute(partition, new Update(i, missing, 0));
                }
            }
        });
    }

    private static boolean areSame(List<LimitStatus> seen, List<Limit> limits) {
        if (seen.size() != limits.size()) {
            return false;
        }
        for (int i = 0; i < limits.size(); i++) {
            Limit other = seen.get(i).limit();
            if (other.kind() != limits.get(i).kind()
                    || !other.name().equals(limits.get(i).name())) {
                return false;
            }
        }
        return true;
    }
}
