package io.ratelimit.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;

/** What the page makes of any answer of the endpoint. */
class PageTests {

    private static final String HEAD = "{'instance':'app-1','liveInstances':2,'resources':{";

    private static final String POOL = """
            'pool':{'name':'pool','keyed':false,'policy':'block','maxWait':'PT1M30S','perInstance':false,'status':'live',
            'limits':[{'name':'default','kind':'concurrency','limit':3,'lease':'PT10S'}],
            'usage':{'limits':[{'name':'default','kind':'concurrency','limit':3,'used':2,'remaining':1}],'queueSize':4}}
            """;

    private static final String HOSTILE = "<img src=x onerror=document.title=1>";

    private static Browser browser;

    private CannedActuator actuator;

    @BeforeAll
    static void startBrowser() {
        browser = new Browser();
    }

    @AfterAll
    static void stopBrowser() {
        browser.close();
    }

    @BeforeEach
    void start() throws IOException {
        this.actuator = CannedActuator.on(0);
        browser.resize(1200, 1000);
    }

    @AfterEach
    void stop() {
        this.actuator.close();
    }

    private void open(String... resources) {
        this.actuator.answerJson("/ops/limits", HEAD + String.join(",", resources) + "}}");
        browser.open(this.actuator.page());
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofMillis(100));
    }

    private static void awaitTrouble(String text) {
        soon().untilAsserted(() -> assertThat(browser.text("trouble")).contains(text));
    }

    @Test
    void numbersStandInThePictureAndInTheTable() {
        open(POOL);

        soon().untilAsserted(() ->
                assertThat(browser.row("pool", "concurrency default")).containsExactly("2", "3", "4"));
        assertThat(browser.picture("pool", "slots"))
                .isEqualTo("Slots held: default, now 2 of 3, highest in the picture 2");
        assertThat(browser.picture("pool", "queue")).isEqualTo("Waiting, now 4, highest in the picture 4");
        assertThat(browser.driver().findElement(By.cssSelector("section p")).getText())
                .isEqualTo("block, waits up to 1m30s");
        assertThat(browser.text("seen")).endsWith("by instance app-1, one of 2.");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void whatIsChangedAtRunTimeIsSaid() {
        open(
                POOL.replace("'keyed':false", "'keyed':false,'enabled':true,'override':{'limits':[]}"),
                POOL.replace("'pool'", "'free'")
                        .replace("'keyed':false", "'keyed':false,'enabled':false,'override':{}"));

        soon().untilAsserted(
                        () -> assertThat(browser.driver().findElements(By.cssSelector("section > p:not([hidden])")))
                                .extracting(WebElement::getText)
                                .containsExactly(
                                        "block, waits up to 1m30s. Changed at run time",
                                        "block, waits up to 1m30s. Switched off: calls are not limited"));
    }

    @Test
    void namesOfUsersAreText() {
        open(POOL.replace("'pool'", "'" + HOSTILE + "'"));

        soon().untilAsserted(() ->
                assertThat(browser.row(HOSTILE, "concurrency default")).hasSize(3));
        assertThat(browser.driver().findElements(By.tagName("img"))).isEmpty();
        assertThat(browser.driver().getTitle()).isEqualTo("Limits");
    }

    @Test
    void aResourceWithAKeyAsksForOneAndShowsItsShare() {
        String perUser = POOL.replace("'pool'", "'per-user'");
        String definition = perUser.substring(0, perUser.indexOf("'usage'"))
                        .replace("'keyed':false", "'keyed':true")
                        .replace("'live'", "'per-key'")
                + "'attributes':{}}";
        open(definition);
        soon().untilAsserted(() ->
                assertThat(browser.row("per-user", "concurrency default")).containsExactly("–", "3", "–"));
        this.actuator.answerJson(
                "/ops/limits/per-user?key=a+b%26c",
                perUser.substring(perUser.indexOf('{')).replace("'keyed':false", "'keyed':true"));

        browser.driver().findElement(By.cssSelector("section input")).sendKeys("a b&c", Keys.ENTER);

        soon().untilAsserted(() ->
                assertThat(browser.row("per-user", "concurrency default")).containsExactly("2", "3", "4"));
        assertThat(browser.driver().findElement(By.cssSelector("section p")).getText())
                .endsWith("The share of the key a b&c");
    }

    @Nested
    class TellsWhatIsWrong {

        @ParameterizedTest
        @CsvSource({
            "404, There is no endpoint at /ops/limits. Expose it",
            "401, You may not read /ops/limits (status 401).",
            "403, You may not read /ops/limits (status 403).",
            "500, /ops/limits answered with status 500."
        })
        void withTheEndpoint(int status, String text) {
            open(POOL);
            soon().until(() -> !browser.row("pool", "concurrency default").isEmpty());

            actuator.answer("/ops/limits", status, "application/json", "{}");

            awaitTrouble(text);
            assertThat(browser.text("trouble")).endsWith("What is shown is old.");
            assertThat(browser.row("pool", "concurrency default")).containsExactly("2", "3", "4");
        }

        @Test
        void withALogin() {
            actuator.answer("/ops/limits", 200, "text/html", "<form>");
            browser.open(actuator.page());

            awaitTrouble("/ops/limits did not answer with numbers. Is there a login page in front of it?");
        }

        @Test
        void withTheApplicationAndWhenItIsBack() throws IOException {
            open(POOL);
            soon().until(() -> !browser.row("pool", "concurrency default").isEmpty());
            int port = actuator.port();

            actuator.close();
            awaitTrouble("The application cannot be reached.");

            actuator = CannedActuator.on(port);
            actuator.answerJson("/ops/limits", HEAD + POOL + "}}");
            soon().until(() -> browser.text("trouble").isEmpty());
        }

        @Test
        void withTheBackend() {
            String away = POOL.substring(0, POOL.indexOf("'usage'"))
                            .replace("'live'", "'unavailable'")
                            .replace("'pool'", "'away'")
                    + "'error':'Redis did not answer'}";
            open(POOL, away);

            awaitTrouble("No numbers of away: Redis did not answer");
            assertThat(browser.row("pool", "concurrency default")).containsExactly("2", "3", "4");
            assertThat(browser.row("away", "concurrency default")).containsExactly("–", "3", "–");
        }
    }

    @Test
    void itCanBeUsedWithAKeyboard() {
        open(POOL, POOL.replace("'pool'", "'other'"));
        soon().until(() -> !browser.row("other", "concurrency default").isEmpty());

        new Actions(browser.driver()).sendKeys(Keys.TAB, Keys.SPACE).perform();
        assertThat(browser.driver().findElement(By.id("pause")).getDomAttribute("aria-pressed"))
                .isEqualTo("true");

        new Actions(browser.driver()).sendKeys(Keys.TAB, "OTH").perform();
        assertThat(browser.driver().findElements(By.cssSelector("section:not([hidden]) h2")))
                .singleElement()
                .satisfies((title) -> assertThat(title.getText()).isEqualTo("other"));
    }

    @Test
    void itFitsAPhone() throws IOException {
        open(POOL, POOL.replace("'pool'", "'" + "a-long-name".repeat(10) + "'"));
        browser.resize(360, 740);
        soon().until(() -> !browser.row("pool", "concurrency default").isEmpty());

        assertThat((long) browser.run("return document.documentElement.scrollWidth"))
                .isLessThanOrEqualTo(360);
        browser.photograph(Program.file("phone.png"));
    }

    @Test
    void itIsDarkWhereThatIsPreferred() {
        open(POOL);
        String background = "return getComputedStyle(document.body).backgroundColor";

        browser.prefer("light");
        assertThat(browser.run(background)).isEqualTo("rgb(255, 255, 255)");
        browser.prefer("dark");
        assertThat(browser.run(background)).isEqualTo("rgb(18, 20, 22)");
    }

    @Test
    void textAndPicturesStandOutFromTheBackground() {
        for (String scheme : List.of("light", "dark")) {
            browser.prefer(scheme);
            open(POOL);
            assertThat(contrast("--text", "--card")).as("text, %s", scheme).isGreaterThan(7);
            assertThat(contrast("--quiet", "--card"))
                    .as("quiet text, %s", scheme)
                    .isGreaterThan(4.5);
            for (String colour : List.of("--slots", "--queue", "--rate")) {
                assertThat(contrast(colour, "--card"))
                        .as("%s, %s", colour, scheme)
                        .isGreaterThan(3);
            }
        }
    }

    /** Returns the contrast of two colours of the page as WCAG 2.2 defines it. */
    private static double contrast(String colour, String background) {
        return ((Number) browser.run("""
                        const luminance = (name) => {
                            const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
                            const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
                                .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                        };
                        const [dark, light] = [luminance(arguments[0]), luminance(arguments[1])].sort((a, b) => a - b);
                        return (light + 0.05) / (dark + 0.05);
                        """, colour, background)).doubleValue();
    }
}
