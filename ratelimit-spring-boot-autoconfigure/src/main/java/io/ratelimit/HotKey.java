package io.ratelimit;

/**
 * A key that is refused or has to wait often.
 *
 * @param key the key, as it is stored: a hash for resources with {@code hash-keys} and for long keys
 * @param refused about how often its calls were refused lately; never less than it was
 * @param waited about how often its calls had to wait lately; never less than they had
 * @since 0.1.0
 */
public record HotKey(String key, long refused, long waited) {}
