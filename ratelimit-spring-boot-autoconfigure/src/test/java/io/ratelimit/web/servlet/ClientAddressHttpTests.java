package io.ratelimit.web.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Whose address counts: the one that the server goes by. */
class ClientAddressHttpTests {

    private static final String[] FORWARDED = {"X-Forwarded-For", "2001:DB8::9"};

    @Nested
    @SpringBootTest(classes = LimitedApplication.class, webEnvironment = WebEnvironment.RANDOM_PORT)
    class ByDefault {

        @LocalServerPort
        private int port;

        @Test
        void whatAClientSaysOfItselfDoesNotCount() throws Exception {
            assertThat(Http.get(this.port, "/ip", FORWARDED).body()).isEqualTo("127.0.0.1");
        }
    }

    @Nested
    @SpringBootTest(
            classes = LimitedApplication.class,
            webEnvironment = WebEnvironment.RANDOM_PORT,
            properties = "server.forward-headers-strategy=native")
    class BehindAProxyThatTheServerTrusts {

        @LocalServerPort
        private int port;

        @Test
        void whatTheProxySaysOfTheClientCounts() throws Exception {
            assertThat(Http.get(this.port, "/ip", FORWARDED).body()).isEqualTo("2001:db8:0:0:0:0:0:0/64");
        }
    }
}
