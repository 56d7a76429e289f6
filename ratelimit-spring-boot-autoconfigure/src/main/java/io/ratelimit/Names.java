package io.ratelimit;

import java.util.regex.Pattern;

/**
 * The rule for names of resources and limits: they stand in meters, response headers and Redis keys.
 */
final class Names {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private static final Pattern RESOURCE = Pattern.compile("[A-Za-z0-9._$-]{1,128}");

    private Names() {}

    static void check(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "The %s '%s' is not 1 to 64 of the characters A-Z a-z 0-9 . _ -".formatted(what, printable(name)));
        }
    }

    static void checkResource(String name) {
        if (!RESOURCE.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "The resource name '%s' is not 1 to 128 of the characters A-Z a-z 0-9 . _ - $"
                            .formatted(printable(name)));
        }
    }

    private static String printable(String name) {
        String cut = name.length() > 140 ? name.substring(0, 140) + "..." : name;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }
}
