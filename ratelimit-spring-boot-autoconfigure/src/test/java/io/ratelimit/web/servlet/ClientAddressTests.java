package io.ratelimit.web.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientAddressTests {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2001:db8::1",
                "2001:DB8::1",
                "2001:0db8:0000:0000:0000:0000:0000:0001",
                "2001:db8:0:0:0:0:0:1",
                "2001:db8::0.0.0.1",
                "[2001:db8::1]"
            })
    void anIpv6AddressHasOneText(String address) {
        assertThat(ClientAddress.normalise(address)).isEqualTo("2001:db8:0:0:0:0:0:1");
    }

    @ParameterizedTest
    @CsvSource({"::1, 0:0:0:0:0:0:0:1", "::ffff:192.0.2.7, 192.0.2.7", "::FFFF:c000:207, 192.0.2.7"})
    void anIpv4AddressInIpv6DressIsItself(String address, String text) {
        assertThat(ClientAddress.normalise(address)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"192.0.2.7", "unknown", "example.org", "evil.example.org:80", "fe80::1%eth0", "1:2:3", ":", ""})
    void anythingElseStaysAsItIs(String address) {
        assertThat(ClientAddress.normalise(address)).isEqualTo(address);
    }
}
