package io.ratelimit.web.servlet;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.aop.CallContext;
import io.ratelimit.web.ClientAddress;
import io.ratelimit.web.RateLimitHeaders;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

class ServletCallContextSourceTests {

    private final MockHttpServletRequest request = new MockHttpServletRequest();

    private final MockHttpServletResponse response = new MockHttpServletResponse();

    private final ServletCallContextSource source =
            new ServletCallContextSource(RateLimitHeaders.IETF, new ClientAddress(128));

    @AfterEach
    void leaveTheRequest() {
        RequestContextHolder.resetRequestAttributes();
    }

    @Test
    void aThreadOutsideOfARequestHasNoContext() {
        assertThat(this.source.current()).isNull();
    }

    @Nested
    class InARequest {

        @Test
        void userIsTheNameOfThePrincipal() {
            assertThat(current().user()).isNull();
            request.setUserPrincipal(() -> "ada");

            assertThat(current().user()).isEqualTo("ada");
        }

        @Test
        void ipIsTheRemoteAddressInOneForm() {
            request.setRemoteAddr("2001:DB8::1");

            assertThat(current().ip()).isEqualTo("2001:db8:0:0:0:0:0:1");
        }

        @ParameterizedTest
        @ValueSource(strings = {"X-Forwarded-For", "Forwarded", "X-Real-IP"})
        void ipIsNeverWhatAClientSaysInAHeader(String header) {
            request.setRemoteAddr("192.0.2.7");
            request.addHeader(header, "for=203.0.113.9");

            assertThat(current().ip()).isEqualTo("192.0.2.7");
        }

        @Test
        void headersAndParametersAreTheirFirstValue() {
            request.addHeader("X-Api-Key", "k1");
            request.addHeader("X-Api-Key", "k2");
            request.addParameter("q", "a", "b");

            assertThat(current().header("x-api-key")).isEqualTo("k1");
            assertThat(current().param("q")).isEqualTo("a");
            assertThat(current().header("X-Other")).isNull();
            assertThat(current().param("other")).isNull();
        }
    }

    @Nested
    class Deciding {

        @Test
        void showsInTheResponseAtOnce() {
            current().decided("openai", Limits.openai(458));

            assertThat(response().getHeaderValues("RateLimit")).containsExactly("\"requests\";r=42;t=17");
        }

        @Test
        void addsToWhatWasDecidedEarlierInTheRequest() {
            current().decided("openai", Limits.openai(458));
            current().decided("postgres-pool", Limits.postgresPool(4));
            current().decided("openai", Limits.openai(459));

            assertThat(response().getHeaderValues("RateLimit"))
                    .containsExactly("\"requests\";r=41;t=17, \"postgres-pool\";r=6");
        }

        @Test
        void changesNothingWithoutAStanding() {
            current().decided("openai", List.of());

            assertThat(response().getHeaderNames()).isEmpty();
        }

        @Test
        void leavesACommittedResponseAlone() {
            response().setCommitted(true);
            current().decided("openai", Limits.openai(458));

            assertThat(response().getHeaderNames()).isEmpty();
        }

        @Test
        void worksWhereTheResponseIsNotAtHand() {
            RequestContextHolder.setRequestAttributes(new ServletRequestAttributes(request));
            requireNonNull(source.current()).decided("openai", Limits.openai(458));
            current().decided("postgres-pool", Limits.postgresPool(4));

            assertThat(response().getHeaderValues("RateLimit"))
                    .containsExactly("\"requests\";r=42;t=17, \"postgres-pool\";r=6");
        }

        private MockHttpServletResponse response() {
            return response;
        }
    }

    private CallContext current() {
        RequestContextHolder.setRequestAttributes(new ServletRequestAttributes(this.request, this.response));
        return requireNonNull(this.source.current());
    }
}
