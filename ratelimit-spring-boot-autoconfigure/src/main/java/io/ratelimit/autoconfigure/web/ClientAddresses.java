package io.ratelimit.autoconfigure.web;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.autoconfigure.RateLimitProperties;
import io.ratelimit.web.ClientAddress;

/**
 * Makes of the properties how clients are told apart.
 */
final class ClientAddresses {

    private ClientAddresses() {}

    static ClientAddress of(RateLimitProperties properties) {
        try {
            return new ClientAddress(properties.web().ipv6PrefixLength());
        } catch (IllegalArgumentException ex) {
            throw new LimitConfigurationException(
                    "The property 'ratelimit.web.ipv6-prefix-length' cannot be used: %s.".formatted(ex.getMessage()),
                    "Write 64 for the network of a client, or 128 for each address alone.");
        }
    }
}
