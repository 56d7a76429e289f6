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

    /** Of the header, holders, ends of holders, queue, tickets, live instances. */
    private static final String[] SUFFIXES = {"", ":h", ":e", ":q", ":t", ":l"};

    private final String prefix;

    /**
     * Makes the names behind a prefix, whose braces are encoded: they would be taken for a hash tag.
     */
    RedisKeys(String prefix) {
        this.prefix = prefix.replace("%", "%25").replace("{", "%7B").replace("}", "%7D");
    }

    /** Returns the keys of a partition, in the order of {@code arguments.lua}. */
    byte[][] of(Partition.Id partition) {
        String key = partition.key();
        String tag = (key == null)
                ? partition.resource()
                : partition.resource() + ':' + URLEncoder.encode(key, StandardCharsets.UTF_8);
        String header = this.prefix + '{' + tag + '}';
        byte[][] keys = new byte[SUFFIXES.length][];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = (header + SUFFIXES[i]).getBytes(StandardCharsets.UTF_8);
        }
        return keys;
    }

    /** Returns that of the header, of the keys of a partition. */
    static byte[] header(byte[][] keys) {
        return keys[0];
    }

    /** Returns the channel by which an instance is told of its grants. {@code main.lua} comes to the same name. */
    byte[] grants(String instance) {
        return (this.prefix + "grants:" + instance).getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the key of the set of live instances. */
    byte[] instances() {
        return (this.prefix + "instances").getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the key of what instances are told at run time. */
    byte[] settings() {
        return (this.prefix + "settings").getBytes(StandardCharsets.UTF_8);
    }
}
