package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResponseEndTests {

    private final List<String> done = new ArrayList<>();

    private final ResponseEnd end = new ResponseEnd();

    @Test
    void actionsWaitForTheEndAndKeepTheirOrder() {
        this.end.whenOver(() -> this.done.add("first"));
        this.end.whenOver(() -> this.done.add("second"));
        assertThat(this.done).isEmpty();
        this.end.over();
        assertThat(this.done).containsExactly("first", "second");
    }

    @Test
    void theEndComesOnce() {
        this.end.whenOver(() -> this.done.add("once"));
        this.end.over();
        this.end.over();
        assertThat(this.done).containsExactly("once");
    }

    @Test
    void anActionAfterTheEndIsDoneAtOnce() {
        this.end.over();
        this.end.whenOver(() -> this.done.add("late"));
        assertThat(this.done).containsExactly("late");
    }
}
