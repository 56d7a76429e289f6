package io.ratelimit.autoconfigure.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanParameterInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;

@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.NONE,
        properties = {
            "spring.jmx.enabled=true",
            "spring.jmx.unique-names=true",
            "management.endpoints.jmx.exposure.include=limits",
            "ratelimit.backend=memory",
            "ratelimit.resources.pool.concurrency=10"
        })
class LimitsEndpointJmxTests {

    @Autowired
    private MBeanServer server;

    @Autowired
    private LimitOperations operations;

    private ObjectName endpoint() throws Exception {
        return this.server
                .queryNames(new ObjectName("org.springframework.boot:type=Endpoint,name=Limits,*"), null)
                .iterator()
                .next();
    }

    /** Invokes an operation; what is not given is null. */
    private Object invoke(String operation, Map<String, Object> given) throws Exception {
        MBeanOperationInfo info = Arrays.stream(
                        this.server.getMBeanInfo(endpoint()).getOperations())
                .filter((candidate) -> candidate.getName().equals(operation))
                .findFirst()
                .orElseThrow();
        List<Object> values = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (MBeanParameterInfo parameter : info.getSignature()) {
            values.add(given.get(parameter.getName()));
            types.add(parameter.getType());
        }
        return this.server.invoke(endpoint(), operation, values.toArray(), types.toArray(String[]::new));
    }

    private long limit() {
        return this.operations.resources().get(0).limits().get(0).limit();
    }

    @Test
    void limitsAreShownChangedAndTakenBack() throws Exception {
        assertThat(invoke("limits", Map.of())).asString().contains("pool");
        invoke("change", Map.of("resource", "pool", "limit", 3L));
        assertThat(limit()).isEqualTo(3);
        invoke("reset", Map.of("resource", "pool"));
        assertThat(limit()).isEqualTo(10);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}
}
