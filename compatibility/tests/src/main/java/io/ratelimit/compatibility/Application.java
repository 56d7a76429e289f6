package io.ratelimit.compatibility;

import io.ratelimit.LimitResolver;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;

/** An application as users write one, for both web stacks and without the web. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableAsync
@EnableScheduling
@Import({
    Beans.class,
    Jobs.class,
    Tenants.class,
    Work.class,
    Endpoints.class,
    ServletEndpoints.class,
    ReactiveEndpoints.class
})
class Application {

    @Bean
    LimitResolver contracts() {
        return (resource, key) -> key.startsWith("gold")
                ? List.of(new RateLimit("requests", 3, Duration.ofHours(1), RateAlgorithm.SLIDING_WINDOW))
                : List.of();
    }
}
