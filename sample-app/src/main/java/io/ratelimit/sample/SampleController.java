package io.ratelimit.sample;

import io.ratelimit.LimitPolicy;
import io.ratelimit.annotation.RateLimited;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * Puts {@link SalesRepository}, {@link WeatherClient} and {@link LlmClient} on the web; their refusals become a 429 here as well. The front page shows
 * a limit that is written inline and only observed: nobody is refused, but the meters count who would have been.
 */
@RestController
class SampleController {

    private final SalesRepository sales;

    private final WeatherClient weather;

    private final LlmClient llm;

    SampleController(SalesRepository sales, WeatherClient weather, LlmClient llm) {
        this.sales = sales;
        this.weather = weather;
        this.llm = llm;
    }

    @GetMapping("/")
    @RateLimited(name = "front-page", limit = 5, window = "10s", key = "ip", policy = LimitPolicy.OBSERVE)
    Map<String, List<String>> frontPage() {
        return Map.of(
                "try",
                List.of(
                        "/exports/sales (with a header X-User)",
                        "/sales/north",
                        "/weather/Oslo",
                        "/llm/why",
                        "/llm-regions/why",
                        "/actuator/limits",
                        "/actuator/limitsdashboard",
                        "/actuator/prometheus",
                        "/actuator/metrics/ratelimit.slots.active"));
    }

    @GetMapping("/sales/{region}")
    Map<String, BigDecimal> sales(@PathVariable String region) {
        return Map.of(region, this.sales.total(region));
    }

    @GetMapping("/weather/{city}")
    WeatherClient.Weather weather(@PathVariable String city) {
        return this.weather.weather(city);
    }

    @GetMapping("/llm/{question}")
    LlmClient.Answer ask(@PathVariable String question) {
        return this.llm.ask(LlmClient.Prompt.of(question));
    }

    @GetMapping("/llm-regions/{question}")
    LlmClient.Answer askInARegion(@PathVariable String question) {
        return this.llm.askInARegion(LlmClient.Prompt.of(question));
    }
}
