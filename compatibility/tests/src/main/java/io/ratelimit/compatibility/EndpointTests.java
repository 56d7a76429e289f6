package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EndpointTests {

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Map<String, Object> parent, String field) {
        return (Map<String, Object>) parent.get(field);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(Map<String, Object> parent, String field) {
        return (List<Map<String, Object>>) parent.get(field);
    }

    @ParameterizedTest
    @EnumSource
    void showsAllResources(Stack stack) {
        Map<String, Object> all = stack.application().json("/actuator/limits");
        assertThat(all).containsOnlyKeys("instance", "liveInstances", "resources", "pools");
        assertThat(object(all, "resources")).containsKeys("requests", "changing", "Endpoints.byIp");
        assertThat(object(all, "pools")).containsOnlyKeys("anywhere");
    }

    @ParameterizedTest
    @EnumSource
    void showsHoldersAndUsage(Stack stack) {
        try (Permit permit = stack.application().bean(Limiter.class).acquire("held")) {
            assertThat(permit.isValid()).isTrue();
            Map<String, Object> usage = object(stack.application().json("/actuator/limits/held"), "usage");
            assertThat(usage).containsEntry("holderCount", 1).containsEntry("queueSize", 0);
            assertThat(list(usage, "holders"))
                    .singleElement()
                    .satisfies((holder) -> assertThat(holder)
                            .containsOnlyKeys("permit", "instance", "slots", "age", "leaseLeft")
                            .containsEntry("slots", Map.of("default", 1)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void changesALimitAndTakesTheChangeBack(Stack stack) {
        RunningApplication application = stack.application();
        HttpResponse<String> changed = application
                .send("POST", "/actuator/limits/changing", "{\"limit\": 7, \"policy\": \"observe\"}")
                .join();
        assertThat(changed.statusCode()).as(changed.body()).isEqualTo(200);
        assertThat(list(application.json("/actuator/limits/changing"), "limits"))
                .singleElement()
                .satisfies((limit) -> assertThat(limit).containsEntry("limit", 7));
        assertThat(application
                        .send("DELETE", "/actuator/limits/changing", "")
                        .join()
                        .statusCode())
                .isEqualTo(200);
        assertThat(application.json("/actuator/limits/changing"))
                .containsEntry("policy", "reject")
                .doesNotContainKey("override");
    }

    @ParameterizedTest
    @EnumSource
    void tellsWhatIsWrong(Stack stack) {
        assertThat(stack.application().get("/actuator/limits/nope").statusCode())
                .isEqualTo(404);
        assertThat(stack.application()
                        .send("POST", "/actuator/limits/changing", "{\"limit\": 0}")
                        .join()
                        .statusCode())
                .isEqualTo(400);
    }

    @ParameterizedTest
    @EnumSource
    void hasAPage(Stack stack) {
        HttpResponse<String> page = stack.application().get("/actuator/limitsdashboard", "Accept", "text/html,*/*");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html;charset=UTF-8");
        assertThat(page.body()).startsWith("<!DOCTYPE html>").contains("</html>");
    }
}
