package io.ratelimit.web;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One text for each client, so that nobody gets a second share by writing an address in another way, nor by one of the many IPv6
 * addresses that every connection has.
 *
 * @param ipv6PrefixLength how many bits of an IPv6 address tell clients apart, from 1 to 128: with 64, {@code 2001:db8:1:2:3:4:5:6} reads
 *     {@code 2001:db8:1:2:0:0:0:0/64}; with 128, {@code 2001:db8:1:2:3:4:5:6}
 * @since 0.1.0
 */
public record ClientAddress(int ipv6PrefixLength) {

    /** How many bits tell IPv6 clients apart unless something else is said: those that a provider gives to one connection. */
    public static final int DEFAULT_IPV6_PREFIX_LENGTH = 64;

    private static final int ALL_BITS = 128;

    /** Only such texts are parsed: any other might be looked up in the DNS. */
    private static final Pattern IPV6_LITERAL = Pattern.compile("[0-9a-fA-F:][0-9a-fA-F:.]*(%.*)?");

    /**
     * Checks the length.
     *
     * @param ipv6PrefixLength how many bits tell clients apart
     * @throws IllegalArgumentException if it is not from 1 to 128
     */
    public ClientAddress {
        if (ipv6PrefixLength < 1 || ipv6PrefixLength > ALL_BITS) {
            throw new IllegalArgumentException(
                    "The length of the IPv6 prefix is %d; it must be from 1 to 128".formatted(ipv6PrefixLength));
        }
    }

    /**
     * Returns the text for a client.
     *
     * @param address its address as the server has it
     * @return the text, or {@code null} if there is no address
     */
    public @Nullable String of(@Nullable String address) {
        if (address == null) {
            return null;
        }
        String bare = withoutBrackets(address);
        if (bare.indexOf(':') < 0 || !IPV6_LITERAL.matcher(bare).matches()) {
            return bare;
        }
        try {
            // the zone names an interface of this machine
            InetAddress parsed = InetAddress.getByName(bare.replaceFirst("%.*", ""));
            return (parsed instanceof Inet6Address) ? network(parsed.getAddress()) : parsed.getHostAddress();
        } catch (UnknownHostException ex) {
            return bare;
        }
    }

    private String network(byte[] address) throws UnknownHostException {
        for (int bit = this.ipv6PrefixLength; bit < ALL_BITS; bit++) {
            address[bit / Byte.SIZE] &= (byte) ~(0x80 >> (bit % Byte.SIZE));
        }
        String text = InetAddress.getByAddress(address).getHostAddress();
        return (this.ipv6PrefixLength < ALL_BITS) ? text + "/" + this.ipv6PrefixLength : text;
    }

    private static String withoutBrackets(String address) {
        boolean inBrackets = address.startsWith("[") && address.endsWith("]");
        return inBrackets ? address.substring(1, address.length() - 1) : address;
    }
}
