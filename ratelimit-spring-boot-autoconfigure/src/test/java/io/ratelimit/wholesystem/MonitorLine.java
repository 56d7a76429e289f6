package io.ratelimit.wholesystem;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A line of Redis' MONITOR: {@code 1700000000.123456 [0 lua] "HSET" "key" "\x00\"..."}.
 *
 * @param micros when, by Redis' clock
 * @param fromScript whether a script ran the command
 * @param words the command and its arguments, a character for a byte
 */
record MonitorLine(long micros, boolean fromScript, List<String> words) {

    static MonitorLine parse(String line) {
        int source = line.indexOf('[');
        int command = line.indexOf("] ", source) + 2;
        return new MonitorLine(micros(line), line.startsWith("[0 lua]", source), words(line, command));
    }

    private static long micros(String line) {
        int point = line.indexOf('.');
        return 1_000_000 * Long.parseLong(line.substring(0, point))
                + Long.parseLong(line.substring(point + 1, point + 7));
    }

    private static List<String> words(String line, int from) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inside = false;
        for (int i = from; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"') {
                inside = !inside;
                if (!inside) {
                    words.add(word.toString());
                    word.setLength(0);
                }
            } else if (c == '\\') {
                i++;
                if (line.charAt(i) == 'x') {
                    word.append((char) Integer.parseInt(line.substring(i + 1, i + 3), 16));
                    i += 2;
                } else {
                    word.append(unescaped(line.charAt(i)));
                }
            } else if (inside) {
                word.append(c);
            }
        }
        return words;
    }

    private static char unescaped(char c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'a' -> '\u0007';
            case 'b' -> '\b';
            default -> c;
        };
    }

    String command() {
        return this.words.get(0);
    }

    String word(int i) {
        return this.words.get(i);
    }

    /** Returns the bytes of a word. */
    byte[] bytes(int i) {
        return this.words.get(i).getBytes(StandardCharsets.ISO_8859_1);
    }
}
