package io.ratelimit.compatibility;

import org.springframework.stereotype.Component;

/** A bean that expressions name. */
@Component("tenants")
class Tenants {

    /** Returns whose share a call for a user takes. */
    public String of(String user) {
        return user.substring(0, user.indexOf('@'));
    }
}
