package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WebFluxTests extends HttpTests {

    WebFluxTests() {
        super(Stack.WEBFLUX);
    }

    @Test
    void blockingAnEventLoopIsRefusedWithWhatToDo() {
        assertThat(application().get("/blocking").body())
                .contains("must not be blocked")
                .contains("return a Mono, a Flux or a CompletableFuture");
    }
}
