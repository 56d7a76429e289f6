package io.ratelimit.autoconfigure.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.actuate.LimitsDashboardEndpoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.context.annotation.Configuration;

/** The page on a port and under a path of the operator's, where it stands beside the endpoint that it asks. */
@SpringBootTest(
        classes = LimitsDashboardHttpTests.Application.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "management.endpoints.web.base-path=/ops",
            "management.endpoints.web.exposure.include=limits,limitsdashboard",
            "ratelimit.backend=memory",
            "ratelimit.dashboard.enabled=true"
        })
class LimitsDashboardHttpTests {

    @LocalManagementPort
    private int port;

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + this.port + path))
                                // as a browser asks
                                .header("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
                                .build(),
                        HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    @Test
    void thePageIsHtmlAndComplete() throws Exception {
        HttpResponse<String> response = get("/ops/limitsdashboard");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("text/html;charset=UTF-8");
        assertThat(response.body()).isEqualTo(new LimitsDashboardEndpoint().page());
    }

    @Test
    void theNumbersStandBesideIt() throws Exception {
        assertThat(get("/ops/limits").body()).contains("\"liveInstances\":1");
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}
}
