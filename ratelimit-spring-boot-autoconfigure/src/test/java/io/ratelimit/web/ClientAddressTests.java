package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientAddressTests {

    private final ClientAddress whole = new ClientAddress(128);

    private final ClientAddress networks = new ClientAddress(ClientAddress.DEFAULT_IPV6_PREFIX_LENGTH);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2001:db8::1",
                "2001:DB8::1",
                "2001:0db8:0000:0000:0000:0000:0000:0001",
                "2001:db8:0:0:0:0:0:1",
                "2001:db8::0.0.0.1",
                "2001:db8::1%eth0",
                "[2001:db8::1]"
            })
    void anIpv6AddressHasOneText(String address) {
        assertThat(this.whole.of(address)).isEqualTo("2001:db8:0:0:0:0:0:1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2001:db8:1:2::", "2001:db8:1:2:3:4:5:6", "[2001:DB8:1:2:ffff:ffff:ffff:ffff]"})
    void theAddressesOfAnIpv6NetworkAreOneClient(String address) {
        assertThat(this.networks.of(address)).isEqualTo("2001:db8:1:2:0:0:0:0/64");
    }

    @Test
    void anotherIpv6NetworkIsAnotherClient() {
        assertThat(this.networks.of("2001:db8:1:3::1")).isEqualTo("2001:db8:1:3:0:0:0:0/64");
    }

    @ParameterizedTest
    @CsvSource({
        "1, 8000:0:0:0:0:0:0:0/1",
        "52, ffff:ffff:ffff:f000:0:0:0:0/52",
        "127, ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"
    })
    void aPrefixMayHaveAnyLength(int length, String network) {
        assertThat(new ClientAddress(length).of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
                .isEqualTo(network);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 129, -1})
    void aLengthThatCannotBeIsRefused(int length) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ClientAddress(length))
                .withMessageContaining(length + "; it must be from 1 to 128");
    }

    @ParameterizedTest
    @CsvSource({"::ffff:192.0.2.7, 192.0.2.7", "::FFFF:c000:207, 192.0.2.7"})
    void anIpv4AddressInIpv6DressIsItself(String address, String text) {
        assertThat(this.networks.of(address)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.7", "unknown", "example.org", "evil.example.org:80", "1:2:3", ":", ""})
    void anythingElseStaysAsItIs(String address) {
        assertThat(this.networks.of(address)).isEqualTo(address);
    }

    @Test
    void noAddressIsNoClient() {
        assertThat(this.networks.of(null)).isNull();
    }
}
