package io.ratelimit.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.ConcurrencyLimit;
import io.ratelimit.Limit;
import io.ratelimit.RateAlgorithm;
import io.ratelimit.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsTextTests {

    private static final List<Limit> LIMITS = List.of(
            new ConcurrencyLimit("slots", 5, Duration.ofSeconds(10), Duration.ofMinutes(1)),
            ConcurrencyLimit.of(20),
            new RateLimit("calls", 100, Duration.ofMinutes(1), RateAlgorithm.SLIDING_WINDOW),
            new RateLimit("tokens", 10, Duration.ofSeconds(1), RateAlgorithm.TOKEN_BUCKET, 300));

    private final Locale before = Locale.getDefault();

    @AfterEach
    void restore() {
        Locale.setDefault(this.before);
    }

    /** Some of which have digits of their own. */
    @ParameterizedTest
    @ValueSource(strings = {"en-US", "de-DE", "ar-EG", "fa-IR", "bn-BD", "mr-IN", "tr-TR"})
    void isTheSameInEveryLocale(String language) {
        Locale.setDefault(Locale.forLanguageTag(language));
        String text = LimitsText.write(LIMITS);
        assertThat(text)
                .isEqualTo("c slots 5 10000000 60000000;c default 20 10000000 0;s calls 100 60000000 0;"
                        + "t tokens 10 1000000 300");
        assertThat(LimitsText.read(text)).isEqualTo(LIMITS);
    }
}
