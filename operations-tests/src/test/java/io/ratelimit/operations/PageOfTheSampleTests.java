package io.ratelimit.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What somebody sees who watches the sample under load. */
class PageOfTheSampleTests {

    private static final String SLOTS = "concurrency default";

    private static Sample sample;

    private static Browser browser;

    @BeforeAll
    static void start() {
        // no end of the rate or of the wait comes in between
        sample = Sample.start(
                "watched-sample",
                "--ratelimit.resources.postgres-pool.rate=600/1m",
                "--ratelimit.resources.postgres-pool.max-wait=5m");
        browser = new Browser();
        browser.resize(1200, 1000);
        browser.open(sample.web().url("/actuator/limitsdashboard"));
    }

    @AfterAll
    static void stop() {
        browser.close();
        sample.close();
    }

    @Test
    void slotsFillAndAQueueGrowsAndDrains() throws IOException {
        seen(() -> browser.row("postgres-pool", SLOTS).equals(List.of("0", "3", "")));
        for (int i = 0; i < 6; i++) {
            sample.web().get("/weather/Oslo");
        }

        try (Load queries = Load.of(sample.web(), 12, "/sales/north");
                Load exports = Load.of(sample.web(), 4, "/exports/sales?takes=3s")) {
            assertThat(List.of(queries, exports)).hasSize(2);
            seen(() -> browser.row("exports", SLOTS).equals(List.of("4", "5", "0")));
            seen(() -> browser.picture("postgres-pool", "slots").contains("now 3 of 3, all taken"));
            seen(() -> waiting() >= 5);
            seen(PageOfTheSampleTests::agrees);
            seen(() -> pointsDrawn() > 20);
            browser.photograph(Program.file("page.png"));
        }

        seen(() -> browser.row("postgres-pool", SLOTS).equals(List.of("0", "3", "")));
        seen(() -> browser.picture("postgres-pool", "queue").contains("now 0,"));
        seen(() -> browser.row("exports", SLOTS).equals(List.of("0", "5", "0")));
        assertThat(browser.text("trouble")).isEmpty();
        assertThat(browser.complaints()).isEmpty();
    }

    /** Numbers move under load, so they are compared while they stand still: the same before and after the look at the page. */
    private static boolean agrees() {
        List<Long> before = numbers();
        String picture = browser.picture("postgres-pool", "slots") + browser.picture("postgres-pool", "queue");
        List<String> exports = browser.row("exports", SLOTS);
        List<Long> after = numbers();
        return before.equals(after)
                && picture.contains("now %d of %d".formatted(before.get(0), before.get(1)))
                && picture.contains("Waiting, now %d,".formatted(before.get(2)))
                && exports.equals(List.of(String.valueOf(before.get(3)), "5", "0"));
    }

    private static List<Long> numbers() {
        return List.of(
                sample.number("postgres-pool", "$.usage.limits[1].used"),
                sample.number("postgres-pool", "$.usage.limits[1].limit"),
                sample.number("postgres-pool", "$.usage.queueSize"),
                sample.number("exports", "$.usage.limits[0].used"));
    }

    private static long waiting() {
        return browser.row("postgres-pool", "rate default").stream()
                .skip(2)
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    private static long pointsDrawn() {
        return (long) browser.run("return document.querySelector('.slots .drawn').getAttribute('d').split('L').length");
    }

    private static void seen(Callable<Boolean> condition) {
        await().atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(200))
                .until(condition);
    }
}
