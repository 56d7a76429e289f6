package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.ratelimit.LimitConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.support.GenericApplicationContext;

class SupportedSpringBootTests {

    private static void check(String version) {
        new SupportedSpringBoot(version).initialize(new GenericApplicationContext());
    }

    @ParameterizedTest
    @ValueSource(strings = {"3.4.13", "3.0.0-M1", "2.7.18", "1.5.22.RELEASE", "3.4"})
    void refusesLinesThatAreTooOld(String version) {
        assertThatExceptionOfType(LimitConfigurationException.class)
                .isThrownBy(() -> check(version))
                .withMessageContaining("This application runs on Spring Boot " + version)
                .withMessageContaining("3.5 and newer");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"3.5.0", "3.5.16", "4.0.7", "4.1.1", "4.2.0-SNAPSHOT", "10.0.0", "unknown"})
    void letsAllOthersThrough(String version) {
        assertThatNoException().isThrownBy(() -> check(version));
    }

    @Test
    void saysWhatToDo() {
        new ApplicationContextRunner()
                .withInitializer(new SupportedSpringBoot("3.4.0"))
                .run((context) -> {
                    FailureAnalysis analysis = Analysis.of(context);
                    assertThat(analysis.getDescription())
                            .isEqualTo("This application runs on Spring Boot 3.4.0; ratelimit supports Spring Boot 3.5"
                                    + " and newer.");
                    assertThat(analysis.getAction()).startsWith("Update Spring Boot");
                });
    }

    @Test
    void isAskedByEveryApplication() {
        assertThat(new SpringApplication(SupportedSpringBootTests.class).getInitializers())
                .hasAtLeastOneElementOfType(SupportedSpringBoot.class);
    }
}
