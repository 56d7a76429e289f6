package io.ratelimit.aop;

import io.ratelimit.LimitRequest;
import io.ratelimit.LimitRequest.AmountOf;

/**
 * How much an annotation takes of its limits.
 *
 * @param of the limits
 * @param expression says how much
 */
record Amount(AmountOf of, CallExpression expression) {

    LimitRequest addTo(LimitRequest request, CallRoot call) {
        return request.amount(this.of, this.expression.amount(call));
    }
}
