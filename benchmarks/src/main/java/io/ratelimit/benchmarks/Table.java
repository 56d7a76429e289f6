package io.ratelimit.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Markdown table whose columns line up, so that it reads well in a terminal, too. The first column is text, the others numbers. */
final class Table {

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... titles) {
        this.rows.add(List.of(titles));
    }

    void add(String... cells) {
        this.rows.add(List.of(cells));
    }

    @Override
    public String toString() {
        List<Integer> widths = IntStream.range(0, this.rows.get(0).size())
                .mapToObj(this::width)
                .toList();
        List<String> lines = new ArrayList<>(
                this.rows.stream().map((row) -> line(row, widths)).toList());
        lines.add(1, ruler(widths));
        return lines.stream().collect(Collectors.joining("\n", "", "\n"));
    }

    private int width(int column) {
        return this.rows.stream()
                .mapToInt((row) -> row.get(column).length())
                .max()
                .orElseThrow();
    }

    private static String line(List<String> row, List<Integer> widths) {
        return IntStream.range(0, row.size())
                .mapToObj((column) ->
                        ("%" + (column == 0 ? "-" : "") + widths.get(column) + "s").formatted(row.get(column)))
                .collect(Collectors.joining(" | ", "| ", " |"));
    }

    private static String ruler(List<Integer> widths) {
        return IntStream.range(0, widths.size())
                .mapToObj((column) -> "-".repeat(widths.get(column) + 1) + (column == 0 ? "-" : ":"))
                .collect(Collectors.joining("|", "|", "|"));
    }
}
