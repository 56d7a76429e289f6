package io.ratelimit.redis;

import io.ratelimit.backend.Partition;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * The names of all Redis keys, spelled here only.
 *
 * <p>All keys of a partition share one hash tag, so that they live in one slot of a cluster: {@code <prefix>{<resource>:<key>}}.
 * Names of resources contain no colon, and keys are percent-encoded, so that no key can break out of its partition or
 * meet another.
 */
final class RedisKeys {

    private static final byte[] NO_SUFFIX = {};

    private static final byte[] HOLDERS = ":h".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] ENTRIES = ":w".getBytes(StandardCharsets.US_ASCII);

    private final String prefix;

    /**
     * Makes the names behind a prefix, whose braces are encoded: they would be taken for a hash tag.
     */
    RedisKeys(String prefix) {
        this.prefix = prefix.replace("%", "%25").replace("{", "%7B").replace("}", "%7D");
    }

    /** Returns the keys of a partition: header, holders, entries of windows. */
    byte[][] of(Partition partition) {
        String key = partition.key();
        String tag = (key == null)
                ? partition.resource()
                : partition.resource() + ':' + URLEncoder.encode(key, StandardCharsets.UTF_8);
        byte[] header = (this.prefix + '{' + tag + '}').getBytes(StandardCharsets.UTF_8);
        return new byte[][] {append(header, NO_SUFFIX), append(header, HOLDERS), append(header, ENTRIES)};
    }

    /** Returns the key of the set of live instances. */
    byte[] instances() {
        return (this.prefix + "instances").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] append(byte[] header, byte[] suffix) {
        byte[] key = new byte[header.length + suffix.length];
        System.arraycopy(header, 0, key, 0, header.length);
        System.arraycopy(suffix, 0, key, header.length, suffix.length);
        return key;
    }
}
