package io.ratelimit.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.support.SpringFactoriesLoader;
import org.springframework.core.io.support.SpringFactoriesLoader.ArgumentResolver;
import org.springframework.core.io.support.SpringFactoriesLoader.FailureHandler;

/** What an application that does not start prints: the first analysis of all registered analyzers, as in Spring Boot. */
final class Analysis {

    private Analysis() {}

    static FailureAnalysis of(AssertableApplicationContext context) {
        assertThat(context).hasFailed();
        Throwable failure = context.getStartupFailure();
        return SpringFactoriesLoader.forDefaultResourceLocation()
                .load(
                        FailureAnalyzer.class,
                        ArgumentResolver.of(Environment.class, new StandardEnvironment())
                                .and(BeanFactory.class, new DefaultListableBeanFactory()),
                        // as Spring Boot does: an analyzer whose classes are missing is left out
                        FailureHandler.handleMessage((message, cause) -> {}))
                .stream()
                .map((analyzer) -> analyzer.analyze(failure))
                .filter((analysis) -> analysis != null)
                .findFirst()
                .orElseThrow(() -> new AssertionError("Nothing analyzes the failure", failure));
    }
}
