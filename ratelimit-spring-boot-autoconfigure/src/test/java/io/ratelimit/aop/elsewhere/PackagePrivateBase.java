package io.ratelimit.aop.elsewhere;

import io.ratelimit.annotation.RateLimited;

/** Has a limited method that only its own package sees. */
public class PackagePrivateBase {

    @RateLimited("rated")
    void hidden() {}
}
