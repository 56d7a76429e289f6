package io.ratelimit.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsDashboardEndpointTests {

    private final String page = new LimitsDashboardEndpoint().page();

    private List<String> found(String expression) {
        return Pattern.compile(expression, Pattern.DOTALL)
                .matcher(this.page)
                .results()
                .map((match) -> match.group(1))
                .toList();
    }

    @Nested
    class ItsSecurityPolicy {

        private final String policy = found("http-equiv=\"Content-Security-Policy\" content=\"([^\"]*)\"")
                .get(0);

        @Test
        void allowsNothingThatIsNotNamed() {
            assertThat(this.policy.split("; "))
                    .contains("default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'");
            assertThat(this.policy).doesNotContain("unsafe").doesNotContain("*");
        }

        @ParameterizedTest
        @ValueSource(strings = {"script", "style"})
        void allowsThisOneScriptAndThisOneStyle(String tag) throws NoSuchAlgorithmException {
            List<String> bodies = found("<" + tag + ">(.*?)</" + tag + ">");
            String body = bodies.get(0).replace("\r\n", "\n");
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.UTF_8));

            assertThat(bodies).hasSize(1);
            assertThat(this.policy.split("; "))
                    .contains(tag + "-src 'sha256-" + Base64.getEncoder().encodeToString(hash) + "'");
        }
    }

    @Test
    void itLoadsNothingFromElsewhere() {
        assertThat(found("(https?:[^'\"\\s]*)")).containsOnly("http://www.w3.org/2000/svg");
        assertThat(found("(?:src|href)=\"([^\"]*)\"")).containsOnly("data:,", "limits");
    }

    @ParameterizedTest
    @ValueSource(strings = {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=\""})
    void namesOfUsersNeverBecomeMarkup(String way) {
        assertThat(this.page).doesNotContain(way);
    }

    @Test
    void whateverTheScriptLooksUpIsOnThePage() {
        assertThat(found(" id=\"([^\"]*)\"")).containsAll(found("byId\\('([^']*)'\\)"));
    }

    @Test
    void itsColoursAreDefinedForLightAndDark() {
        List<String> palettes = Pattern.compile(":root \\{(.*?)}", Pattern.DOTALL)
                .matcher(this.page)
                .results()
                .map(MatchResult::group)
                .toList();

        assertThat(palettes)
                .hasSize(2)
                .allSatisfy((palette) -> assertThat(palette)
                        .contains(
                                "--back:",
                                "--card:",
                                "--text:",
                                "--quiet:",
                                "--line:",
                                "--slots:",
                                "--queue:",
                                "--rate:"));
    }
}
