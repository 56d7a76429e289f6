package io.ratelimit.sample;

import io.ratelimit.LimitExceededException;
import io.ratelimit.annotation.RateLimited;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Shows a rate limit on the client of somebody else's API, which allows so many requests a minute to the whole application. A call
 * above the limit does not fail: the fallback answers with what was seen last.
 */
@Component
class WeatherClient {

    private final Map<String, Integer> lastSeen = new ConcurrentHashMap<>();

    @RateLimited(name = "weather-api", fallbackMethod = "lastSeen")
    Weather weather(String city) {
        int celsius = askTheApi();
        this.lastSeen.put(city, celsius);
        return new Weather(city, celsius, "asked the API");
    }

    /** Called in place of a refused {@link #weather} with the same parameters; the refusal may be left out. */
    Weather lastSeen(String city, LimitExceededException refusal) {
        String source = "from memory, the API may be asked again in %d s"
                .formatted(refusal.retryAfter().toSeconds() + 1);
        return new Weather(city, this.lastSeen.get(city), source);
    }

    /** Stands for an HTTP request. */
    private static int askTheApi() {
        return ThreadLocalRandom.current().nextInt(15, 25);
    }

    /**
     * The weather in a city.
     *
     * @param city where
     * @param celsius how warm it is, or {@code null} if nobody knows
     * @param source how this is known
     */
    record Weather(String city, @Nullable Integer celsius, String source) {}
}
