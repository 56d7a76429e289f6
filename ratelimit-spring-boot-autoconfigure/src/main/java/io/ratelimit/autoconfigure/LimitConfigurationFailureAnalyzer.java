package io.ratelimit.autoconfigure;

import io.ratelimit.LimitConfigurationException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.annotation.Order;

/**
 * Says what is wrong with the limits of an application that does not start, and what to do about it.
 */
@Order(0)
final class LimitConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<LimitConfigurationException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, LimitConfigurationException cause) {
        return new FailureAnalysis(cause.description(), cause.action(), cause);
    }
}
