package io.ratelimit.testkit;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Lets every test wait for a minute for what must come: how long that takes on a busy machine decides nothing.
 */
public final class Patience implements BeforeAllCallback {

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    @Override
    public void beforeAll(ExtensionContext context) {
        Awaitility.setDefaultTimeout(LONGEST_WAIT);
    }
}
