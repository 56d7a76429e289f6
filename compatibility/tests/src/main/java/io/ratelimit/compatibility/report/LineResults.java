package io.ratelimit.compatibility.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * One run of all groups.
 *
 * @param springBoot the version of Spring Boot
 * @param java the version of Java
 * @param javaFeature its first number
 * @param groups the results by group
 */
record LineResults(String springBoot, String java, int javaFeature, Map<String, GroupResult> groups) {

    /** Reads all runs below a directory. */
    static List<LineResults> in(Path modules) throws IOException {
        try (Stream<Path> directories = Files.find(
                modules,
                3,
                (path, file) -> file.isDirectory()
                        && path.getParent().endsWith("target")
                        && path.getFileName().toString().startsWith("surefire-reports"))) {
            return directories
                    .map(LineResults::read)
                    .sorted(Comparator.comparing(LineResults::springBoot).thenComparing(LineResults::javaFeature))
                    .toList();
        }
    }

    private static LineResults read(Path directory) {
        Map<String, GroupResult> groups = new TreeMap<>();
        Map<String, String> properties = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file :
                    files.filter((path) -> path.toString().endsWith(".xml")).toList()) {
                Element suite = DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(file.toFile())
                        .getDocumentElement();
                String name = suite.getAttribute("name");
                groups.put(name.substring(name.lastIndexOf('.') + 1).replaceAll("Tests$", ""), result(suite));
                elements(suite, "property")
                        .forEach((property) ->
                                properties.put(property.getAttribute("name"), property.getAttribute("value")));
            }
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (ParserConfigurationException | SAXException ex) {
            throw new IllegalStateException("The reports in " + directory + " cannot be read", ex);
        }
        return new LineResults(
                properties.getOrDefault("ratelimit.test.spring-boot", "?"),
                properties.getOrDefault("java.version", "?"),
                Integer.parseInt(properties.getOrDefault("java.specification.version", "0")),
                groups);
    }

    private static GroupResult result(Element suite) {
        int failed = number(suite, "failures") + number(suite, "errors");
        int skipped = number(suite, "skipped");
        return new GroupResult(number(suite, "tests") - failed - skipped, failed, skipped);
    }

    private static int number(Element suite, String attribute) {
        return Integer.parseInt(suite.getAttribute(attribute));
    }

    private static Stream<Element> elements(Element parent, String name) {
        NodeList nodes = parent.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(nodes::item).map(Element.class::cast);
    }
}
