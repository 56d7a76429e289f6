package io.ratelimit.autoconfigure;

import io.ratelimit.LimitConfigurationException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringBootVersion;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Refuses lines of Spring Boot that are older than the oldest supported one, before anything fails in a way that nobody understands.
 * Lines that are not known yet may well work, so they are let through.
 */
final class SupportedSpringBoot implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final int OLDEST_MAJOR = 3;

    private static final int OLDEST_MINOR = 5;

    private static final Pattern LINE = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(\\..*)?");

    private final @Nullable String version;

    SupportedSpringBoot() {
        this(SpringBootVersion.getVersion());
    }

    /** Checks another version than the one that is there. */
    SupportedSpringBoot(@Nullable String version) {
        this.version = version;
    }

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        if (this.version == null) {
            return;
        }
        Matcher line = LINE.matcher(this.version);
        if (line.matches() && isTooOld(Integer.parseInt(line.group(1)), Integer.parseInt(line.group(2)))) {
            throw new LimitConfigurationException(
                    "This application runs on Spring Boot %s; ratelimit supports Spring Boot %d.%d and newer."
                            .formatted(this.version, OLDEST_MAJOR, OLDEST_MINOR),
                    "Update Spring Boot, or remove the dependency 'io.ratelimit:ratelimit-spring-boot-starter'.");
        }
    }

    private static boolean isTooOld(int major, int minor) {
        return major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR);
    }
}
