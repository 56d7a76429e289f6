package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ratelimit.LimitKind;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Principal;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What values make which keys. */
class KeyTextTests {

    @Test
    void textsNumbersAndOtherValuesAreTheirText() {
        UUID id = UUID.randomUUID();
        assertThat(KeyText.of("u1")).isEqualTo("u1");
        assertThat(KeyText.of(17L)).isEqualTo("17");
        assertThat(KeyText.of(true)).isEqualTo("true");
        assertThat(KeyText.of(id)).isEqualTo(id.toString());
        assertThat(KeyText.of(new Tenant("a", 1))).isEqualTo("Tenant[name=a, number=1]");
    }

    @Test
    void anEnumIsItsNameWhateverItsText() {
        assertThat(KeyText.of(Plan.FREE)).isEqualTo("FREE");
        assertThat(KeyText.of(LimitKind.RATE)).isEqualTo("RATE");
    }

    @Test
    void aPrincipalIsItsName() {
        assertThat(KeyText.of((Principal) () -> "ada")).isEqualTo("ada");
    }

    @Test
    void anAddressIsItsNumbers() throws UnknownHostException {
        assertThat(KeyText.of(InetAddress.getByAddress("some.host", new byte[] {10, 0, 0, 7})))
                .isEqualTo("10.0.0.7");
    }

    @Test
    void anOptionalIsItsValue() {
        assertThat(KeyText.of(Optional.of("u1"))).isEqualTo("u1");
    }

    @Test
    void collectionsAndArraysAreOneKeyOfAllElements() {
        assertThat(KeyText.of(List.of("a", 2))).isEqualTo("a,2");
        assertThat(KeyText.of(new String[] {"a", "b"})).isEqualTo("a,b");
        assertThat(KeyText.of(new int[] {1, 2})).isEqualTo("1,2");
    }

    @Test
    void differentListsNeverMakeOneKey() {
        assertThat(KeyText.of(List.of("a,b", "c"))).isNotEqualTo(KeyText.of(List.of("a", "b,c")));
        assertThat(KeyText.of(List.of("a\\", "b"))).isNotEqualTo(KeyText.of(List.of("a\\,b")));
        assertThat(KeyText.of(List.of(List.of("a", "b"), "c"))).isNotEqualTo(KeyText.of(List.of("a", "b", "c")));
    }

    @Test
    void equalSetsMakeOneKeyInWhateverOrder() {
        Set<String> one = new LinkedHashSet<>(List.of("a", "b"));
        Set<String> other = new LinkedHashSet<>(List.of("b", "a"));
        assertThat(KeyText.of(one)).isEqualTo(KeyText.of(other));
    }

    @Test
    void nothingIsNoKey() {
        assertNoKey(null, "is null");
        assertNoKey("", "is blank");
        assertNoKey(" \t", "is blank");
        assertNoKey(Optional.empty(), "is null");
        assertNoKey(List.of(), "is empty");
        assertNoKey(new String[0], "is empty");
        assertNoKey(Arrays.asList("a", null), "has an element that is null");
        assertNoKey((Principal) () -> null, "is null");
    }

    @Test
    void whatHasNoTextOfItsOwnIsNoKey() {
        assertNoKey(new Object(), "has no text that says which one it is");
        assertNoKey(new Nameless(), "Nameless");
        assertNoKey(Map.of("a", 1), "has no text that says which one it is");
    }

    private static void assertNoKey(Object value, String why) {
        assertThatThrownBy(() -> KeyText.of(value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    record Tenant(String name, int number) {}

    enum Plan {
        FREE;

        @Override
        public String toString() {
            return "for free";
        }
    }

    static class Nameless {}
}
