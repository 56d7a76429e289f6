package io.ratelimit.sample;

import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.annotation.ConcurrencyLimited;
import java.time.Duration;
import java.time.Instant;
import org.springframework.format.annotation.DurationFormat;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Shows concurrency limits on a controller: a user runs two exports at once, and all users together run five, on however many
 * instances. The slots are held while the method runs. A call that gets none is answered with 429, and nothing here has to do it.
 */
@RestController
class ExportController {

    @GetMapping("/exports/{report}")
    @ConcurrencyLimited("exports-per-user")
    @ConcurrencyLimited("exports")
    Export export(
            @PathVariable String report,
            @RequestHeader("X-User") String user,
            @RequestParam(defaultValue = "2s") @DurationFormat(style = DurationFormat.Style.SIMPLE) Duration takes)
            throws InterruptedException {
        Instant startedAt = Instant.now();
        Thread.sleep(takes.toMillis());
        // the permits of this call, innermost first: that of the annotation declared last
        Permit permit = Permits.current().get(0);
        return new Export(report, user, permit.fencingToken(), startedAt, Instant.now());
    }

    /**
     * What an export answers.
     *
     * @param report the name of the report
     * @param user for whom it was made
     * @param fencingToken grows with every export of all instances: a store that remembers the highest one can refuse what a
     *     holder that has lost its slot still writes
     * @param startedAt when the work began
     * @param finishedAt when it was done
     */
    record Export(String report, String user, long fencingToken, Instant startedAt, Instant finishedAt) {}
}
