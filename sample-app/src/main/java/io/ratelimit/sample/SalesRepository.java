package io.ratelimit.sample;

import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.math.BigDecimal;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * Shows both kinds of limits on one resource, on a bean that knows nothing of the web: a slow query runs so many times a minute, and
 * so many at once. The two annotations are one acquisition: a query that finds no free slot does not use up the rate either. It
 * waits its turn, first come, first served, because the configuration of the resource says {@code policy: block}.
 */
@Repository
class SalesRepository {

    private final JdbcClient jdbc;

    SalesRepository(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** Sums up the sales of a region; each row costs 100 ms. */
    @RateLimited("postgres-pool")
    @ConcurrencyLimited("postgres-pool")
    BigDecimal total(String region) {
        return this.jdbc
                .sql("SELECT COALESCE(SUM(amount), 0) FROM sale WHERE region = ? AND pause(100) IS NULL")
                .param(region)
                .query(BigDecimal.class)
                .single();
    }
}
