package io.ratelimit.sample;

import io.ratelimit.sample.FakeLlm.Quota;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Brings a language model to ask, whose quota is what {@code application.yml} limits the application to.
 */
@Configuration(proxyBeanMethods = false)
class LlmConfiguration {

    @Bean
    FakeLlm fakeLlm() throws IOException {
        Quota quota = new Quota(60, 6_000, Duration.ofSeconds(59));
        return new FakeLlm(quota, (most) -> ThreadLocalRandom.current().nextLong(most / 2, most + 1));
    }
}
