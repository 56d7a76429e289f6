package io.ratelimit.web.servlet;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * One text for each address, so that a client cannot get a second share by writing its address in another way.
 */
final class ClientAddress {

    /** Only such texts are parsed: any other might be looked up in the DNS. */
    private static final Pattern IPV6_LITERAL = Pattern.compile("[0-9a-fA-F:][0-9a-fA-F:.]*");

    private ClientAddress() {}

    static String normalise(String address) {
        String bare = withoutBrackets(address);
        if (bare.indexOf(':') < 0 || !IPV6_LITERAL.matcher(bare).matches()) {
            return bare;
        }
        try {
            return InetAddress.getByName(bare).getHostAddress();
        } catch (UnknownHostException ex) {
            return bare;
        }
    }

    private static String withoutBrackets(String address) {
        boolean inBrackets = address.startsWith("[") && address.endsWith("]");
        return inBrackets ? address.substring(1, address.length() - 1) : address;
    }
}
