package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MvcTests extends HttpTests {

    MvcTests() {
        super(Stack.MVC);
    }

    @Override
    Stream<String> paths() {
        return Stream.concat(super.paths(), Stream.of("/callable", "/deferred", "/streaming", "/sse"));
    }

    @Test
    void aMethodMayBlockTheThreadOfItsRequest() {
        assertThat(application()
                        .get("/blocking", "X-Client", UUID.randomUUID().toString())
                        .body())
                .isEqualTo("ok");
    }
}
